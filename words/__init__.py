"""The words of Deskbell in other languages: catalogs in `deskbell/locale/`, and languages made up to test."""

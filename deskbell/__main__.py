from deskbell.cli.main import main

raise SystemExit(main())

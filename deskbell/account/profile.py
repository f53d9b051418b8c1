"""One's profile: name, language, time zone and photo."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.account.access import Request, own
from deskbell.account.forms import ProfileForm
from deskbell.files.models import Blob
from deskbell.people import actions, pictures
from deskbell.people.models import User
from deskbell.people.rights import rights_of

YEAR = 365 * 24 * 3600


class PhotoForm(forms.Form):
    photo = forms.FileField(
        label=gettext_lazy("Photo"),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )

    def clean_photo(self) -> Blob:
        try:
            return pictures.keep_face(self.cleaned_data["photo"])
        except pictures.BadPicture as error:
            raise ValidationError(
                _("Take a PNG, JPEG or WebP picture of at most 5 MB and 8,000 pixels a side.")
            ) from error


@require_http_methods(["GET", "HEAD", "POST"])
@own
def profile(request: Request) -> HttpResponse:
    user = User.objects.get(pk=request.user.pk)
    initial = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        actions.change_person(user, by=user, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("account_profile")
    return _page(request, user, form, PhotoForm())


@require_POST
@own
def photo(request: Request) -> HttpResponse:
    """Put another photo in place of the one there is, or `remove` it."""
    user = User.objects.get(pk=request.user.pk)
    form = PhotoForm(request.POST, request.FILES)
    if "remove" in request.POST:
        actions.change_person(user, by=user, photo=None)
    elif form.is_valid():
        actions.change_person(user, by=user, photo=form.cleaned_data["photo"])
    else:
        initial = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
        return _page(request, user, ProfileForm(initial=initial), form)
    return redirect("account_profile")


def _page(request: Request, user: User, form: ProfileForm, photo_form: PhotoForm) -> HttpResponse:
    context = {"form": form, "photo_form": photo_form, "person": user, "staff": rights_of(user).staff}
    failed = form.errors or photo_form.errors
    return render(request, "account/profile.html", context, status=422 if failed else 200)


@require_safe
@own
def face(request: Request, pk: int) -> HttpResponse:
    """The photo of a person: one's own, and everybody's for people who work at the desk."""
    if pk != request.user.pk and not rights_of(request.user).staff:
        raise Http404
    person = get_object_or_404(User.objects.select_related("photo"), pk=pk, photo__isnull=False)
    assert person.photo is not None
    response = HttpResponse(person.photo.path.read_bytes(), content_type=person.photo.content_type)
    present = request.GET.get("v") == str(person.photo_id)
    response["Cache-Control"] = f"private, max-age={YEAR}, immutable" if present else "private, no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    return response

"""Addresses of the account pages. The sign-in library reverses names of its own; the paths are ours."""

from __future__ import annotations

from allauth.account import views as library
from django.urls import path
from django.views.generic import RedirectView

from deskbell.account import (
    branding,
    codes,
    devices,
    first,
    mine,
    notifications,
    passkeys,
    profile,
    recovery,
    second_factor,
    single_sign_on,
    tokens,
    viewing,
    views,
)

urlpatterns = [
    path("company.css", branding.colours, name="company_colours"),
    path("company/logo", branding.logo, name="company_logo"),
    path("company/icon", branding.icon, name="company_icon"),
    path("signin/", library.login, name="account_login"),
    path("signin/code/", library.request_login_code, name="account_request_login_code"),
    path(
        "signin/code/confirm/",
        views.confirm_login_code,
        name="account_confirm_login_code",
    ),
    path("signin/address/", library.email_verification_sent, name="account_email_verification_sent"),
    path("signout/", library.logout, name="account_logout"),
    path("signup/", views.sign_up, name="account_signup"),
    path("signup/confirm/", views.sign_up_confirm, name="account_signup_confirm"),
    path("signup/code/", views.sign_up_code, name="account_signup_code"),
    path("account/", profile.profile, name="account_profile"),
    path("account/notifications/", notifications.notifications, name="account_notifications"),
    path("account/devices/", devices.devices, name="account_devices"),
    path("account/devices/others/", devices.other_devices_removal, name="account_other_devices_removal"),
    path("account/devices/<int:pk>/removal/", devices.device_removal, name="account_device_removal"),
    path("account/photo/", profile.photo, name="account_photo"),
    path("account/faces/<int:pk>/", profile.face, name="account_face"),
    path("account/mine/", mine.mine, name="account_mine"),
    path("account/tokens/", tokens.tokens, name="account_tokens"),
    path("account/tokens/<int:pk>/removal/", tokens.token_removal, name="account_token_removal"),
    path("account/invitation/<str:token>/", views.invitation, name="account_invitation"),
    path("account/first/<str:token>/", first.first, name="account_first"),
    path("account/recovery/<str:token>/", recovery.recovery, name="account_recovery"),
    path("signin/second-factor/", second_factor.authenticate, name="mfa_authenticate"),
    path("signin/with/<int:pk>/", single_sign_on.begin, name="account_provider"),
    path("signin/with/<int:pk>/back/", single_sign_on.back, name="account_provider_back"),
    path("signin/with/<int:pk>/left/", single_sign_on.left, name="account_provider_left"),
    path("account/viewing/removal/", viewing.end, name="account_viewing_end"),
    path("account/providers/<int:pk>/removal/", single_sign_on.unlink, name="account_provider_removal"),
    path("signin/passkey/", passkeys.sign_in, name="account_passkey_sign_in"),
    path("signin/second-factor/passkey/", passkeys.step, name="account_passkey_step"),
    path("account/passkeys/new/", passkeys.new, name="account_passkey_new"),
    path("account/passkeys/<int:pk>/", passkeys.name, name="account_passkey"),
    path("account/passkeys/<int:pk>/removal/", passkeys.removal, name="account_passkey_removal"),
    # the library sends people here who may confirm themselves by a passkey
    path("account/reauthenticate/passkey/", passkeys.reauthenticate, name="mfa_reauthenticate_webauthn"),
    path("account/second-factor/", second_factor.index, name="mfa_index"),
    path("account/second-factor/setup/", second_factor.set_up, name="mfa_activate_totp"),
    path("account/second-factor/removal/", second_factor.switch_off, name="mfa_deactivate_totp"),
    path("account/second-factor/codes/", codes.codes, name="mfa_view_recovery_codes"),
    path("account/second-factor/codes/new/", codes.new_codes, name="mfa_generate_recovery_codes"),
    path("account/second-factor/codes.txt", codes.download, name="mfa_download_recovery_codes"),
    path("account/reauthenticate/code/", second_factor.reauthenticate, name="mfa_reauthenticate"),
    path("account/inactive/", library.account_inactive, name="account_inactive"),
    path("account/reauthenticate/", library.reauthenticate, name="account_reauthenticate"),
    path("account/password/", library.password_change, name="account_change_password"),
    path("account/password/set/", library.password_set, name="account_set_password"),
    path("account/password/reset/", library.password_reset, name="account_reset_password"),
    path(
        "account/password/reset/confirm/",
        views.confirm_password_reset_code,
        name="account_confirm_password_reset_code",
    ),
    path(
        "account/password/reset/complete/",
        library.complete_password_reset,
        name="account_complete_password_reset",
    ),
    path(
        "account/password/reset/done/",
        library.password_reset_from_key_done,
        name="account_password_reset_completed",
    ),
    # the library sends people here to manage addresses; a page for that does not exist yet
    path("account/email/", RedirectView.as_view(pattern_name="account_profile"), name="account_email"),
]

from __future__ import annotations

from django.urls import path

from deskbell.setup.shapes import ORDERED, SHAPES
from deskbell.setup.views import (
    account,
    anonymising,
    audit,
    company,
    delivery,
    hours,
    identity_providers,
    leaving,
    mail,
    mailboxes,
    membership,
    people,
    pushing,
    roles,
    roster,
    second_factor,
    senders,
    shapes,
    sign_ins,
    start,
    steps,
    system,
    tags,
    texts,
    viewing,
    whatsapp,
    whatsapp_drafts,
    whatsapp_web,
)

app_name = "setup"
#: form and removal of everything that is shaped in the one way; those with an order move by buttons
SHAPED = [
    path(f"{shape.key}/<int:pk>/removal/", shapes.removal, {"one": one}, name=f"{one}_removal")
    for one, shape in SHAPES.items()
    if one != "site"
]
SHAPED += [
    path(f"{shape.key}/<int:pk>/", shapes.change, {"one": one}, name=one)
    for one, shape in SHAPES.items()
    if one not in {"site", "tag"}
]
SHAPED += [
    path(f"{shape.key}/new/", shapes.new, {"one": one}, name=f"{one}_new")
    for one, shape in SHAPES.items()
    if one not in {"site", "tag"}
]
SHAPED += [
    path(f"{shape.key}/<int:pk>/move/", shapes.move, {"one": shape.one}, name=f"{shape.one}_move")
    for shape in ORDERED
]
urlpatterns = [
    path("", start.start, name="start"),
    path("start/", steps.steps, name="steps"),
    path("start/support/", steps.support, name="steps_support"),
    path("start/mail/", steps.mail, name="steps_mail"),
    path("start/<slug:step>/skipping/", steps.skipping, name="steps_skipping"),
    path("company/", company.company, name="company"),
    path("hours/", hours.hours, name="hours"),
    path("company/colours.css", company.colours, name="company_colours"),
    path("people/", people.people, name="people"),
    path("people/invitations/", people.invitations, name="invitations"),
    path("people/invitations/new/", people.invite, name="invite"),
    path("people/invitations/list/", roster.invite_list, name="invite_list"),
    path("people/invitations/<int:pk>/again/", people.invitation_again, name="invitation_again"),
    path("people/invitations/<int:pk>/removal/", people.invitation_removal, name="invitation_removal"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/devices/<int:device_pk>/removal/", account.device_removal, name="device_removal"),
    path("people/<int:pk>/tokens/<int:token_pk>/removal/", account.token_removal, name="token_removal"),
    path("people/<int:pk>/grants/", people.grants, name="grants"),
    path("people/<int:pk>/grants/<int:grant_pk>/removal/", people.grant_removal, name="grant_removal"),
    path("people/<int:pk>/viewing/", viewing.begin, name="viewing"),
    path("people/<int:pk>/second-factor/removal/", second_factor.reset, name="second_factor_reset"),
    path("people/<int:pk>/deactivation/", leaving.deactivation, name="deactivation"),
    path("people/<int:pk>/anonymisation/", anonymising.anonymisation, name="anonymisation"),
    path("people/<int:pk>/reactivation/", leaving.reactivation, name="reactivation"),
    path("roles/", roles.roles, name="roles"),
    path("roles/new/", roles.new, name="role_new"),
    path("roles/<int:pk>/", roles.role, name="role"),
    path("roles/<int:pk>/copy/", roles.copy, name="role_copy"),
    path("roles/<int:pk>/removal/", roles.removal, name="role_removal"),
    path("teams/", shapes.teams, name="teams"),
    path("teams/<int:pk>/members/", people.team_members, name="team_members"),
    path("teams/<int:pk>/members/<int:grant_pk>/removal/", people.team_leaving, name="team_leaving"),
    path("organizations/", shapes.organizations, name="organizations"),
    path("organizations/<int:pk>/sites/new/", shapes.site_new, name="site_new"),
    path("organizations/<int:pk>/people/", shapes.organization_people, name="organization_people"),
    path(
        "organizations/<int:pk>/people/<int:person_pk>/removal/",
        shapes.organization_leaving,
        name="organization_leaving",
    ),
    path("memberships/<int:pk>/", membership.decision, name="membership"),
    path("sites/<int:pk>/", shapes.site, name="site"),
    path("sites/<int:pk>/removal/", shapes.removal, {"one": "site"}, name="site_removal"),
    path("queues/", shapes.queues, name="queues"),
    path("statuses/", shapes.statuses, name="statuses"),
    path("types/", shapes.types, name="types"),
    path("tags/", tags.tags, name="tags"),
    path("tags/<int:pk>/", tags.tag, name="tag"),
    path("tags/<int:pk>/merging/", tags.merging, name="tag_merging"),
    *SHAPED,
    path("senders/", senders.senders, name="senders"),
    path("senders/<int:pk>/removal/", senders.removal, name="sender_removal"),
    path("texts/", texts.list_texts, name="texts"),
    path("texts/<slug:key>/<slug:language>/", texts.text, name="text"),
    path("texts/<slug:key>/<slug:language>/preview/", texts.preview, name="text_preview"),
    path("texts/<slug:key>/<slug:language>/trial/", texts.trial, name="text_trial"),
    path("texts/<slug:key>/<slug:language>/reset/", texts.reset, name="text_reset"),
    path("mailboxes/", mailboxes.mailboxes, name="mailboxes"),
    path("mailboxes/new/", mailboxes.new, name="mailbox_new"),
    path("mailboxes/trial/", mailboxes.trial, name="mailbox_trial"),
    path("mailboxes/signed-in/", sign_ins.signed_in, name="mailbox_signed_in"),
    path("mailboxes/<int:pk>/", mailboxes.mailbox, name="mailbox"),
    path("mailboxes/<int:pk>/sign-in/", sign_ins.sign_in, name="mailbox_sign_in"),
    path("mailboxes/<int:pk>/switching/", mailboxes.switching, name="mailbox_switching"),
    path("mailboxes/<int:pk>/removal/", mailboxes.removal, name="mailbox_removal"),
    path("mailboxes/<int:pk>/delivery/", delivery.check, name="mailbox_delivery"),
    path("mailboxes/<int:pk>/push/", pushing.push, name="mailbox_push"),
    path("mailboxes/<int:pk>/push/renewal/", pushing.renewal, name="mailbox_push_renewal"),
    path("mailboxes/<int:pk>/push/end/", pushing.end, name="mailbox_push_end"),
    path("whatsapp/", whatsapp.numbers, name="whatsapp"),
    path("whatsapp/new/", whatsapp.new, name="whatsapp_new"),
    path("whatsapp/<int:pk>/", whatsapp.number, name="whatsapp_number"),
    path("whatsapp/<int:pk>/check/", whatsapp.check, name="whatsapp_check"),
    path("whatsapp/<int:pk>/subscription/", whatsapp.subscription, name="whatsapp_subscription"),
    path("whatsapp/<int:pk>/drafts/", whatsapp_drafts.drafts, name="whatsapp_drafts"),
    path("whatsapp/<int:pk>/switching/", whatsapp.switching, name="whatsapp_switching"),
    path("whatsapp/<int:pk>/removal/", whatsapp.removal, name="whatsapp_removal"),
    path("whatsapp-web/new/", whatsapp_web.new, name="whatsapp_web_new"),
    path("whatsapp-web/<int:pk>/", whatsapp_web.number, name="whatsapp_web"),
    path("whatsapp-web/<int:pk>/acceptance/", whatsapp_web.acceptance, name="whatsapp_web_acceptance"),
    path("whatsapp-web/<int:pk>/link/", whatsapp_web.link, name="whatsapp_web_link"),
    path("whatsapp-web/<int:pk>/pair-code/", whatsapp_web.pair_code, name="whatsapp_web_code"),
    path("whatsapp-web/<int:pk>/pausing/", whatsapp_web.pausing, name="whatsapp_web_pausing"),
    path("whatsapp-web/<int:pk>/switching/", whatsapp_web.switching, name="whatsapp_web_switching"),
    path("whatsapp-web/<int:pk>/unlinking/", whatsapp_web.unlinking, name="whatsapp_web_unlinking"),
    path("whatsapp-web/<int:pk>/removal/", whatsapp_web.removal, name="whatsapp_web_removal"),
    path("single-sign-on/", identity_providers.providers, name="identity_providers"),
    path("single-sign-on/new/", identity_providers.new, name="identity_provider_new"),
    path("single-sign-on/<int:pk>/", identity_providers.provider, name="identity_provider"),
    path("single-sign-on/<int:pk>/test/", identity_providers.test, name="identity_provider_test"),
    path("single-sign-on/<int:pk>/removal/", identity_providers.removal, name="identity_provider_removal"),
    path("sign-in-providers/", sign_ins.providers, name="sign_in_providers"),
    path("sign-in-providers/new/", sign_ins.new, name="sign_in_provider_new"),
    path("sign-in-providers/<int:pk>/", sign_ins.provider, name="sign_in_provider"),
    path("sign-in-providers/<int:pk>/removal/", sign_ins.removal, name="sign_in_provider_removal"),
    path("mailboxes/<int:pk>/mails/<int:mail_pk>/again/", mailboxes.fetch_again, name="mailbox_again"),
    path("received/", mail.received, name="received"),
    path("received/<int:pk>/", mail.received_item, name="received_item"),
    path("received/<int:pk>/source/", mail.received_source, name="received_source"),
    path("received/<int:pk>/replay/", mail.replay, name="replay"),
    path("sent/", mail.sent, name="sent"),
    path("sent/<int:pk>/retry/", mail.retry, name="retry"),
    path("system/", system.system, name="system"),
    path("audit/", audit.audit, name="audit"),
    path("audit.csv", audit.download, name="audit_csv"),
]

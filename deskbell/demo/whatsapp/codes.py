"""Templates with a code for signing in, on the other side: how they are listed, filled in and shown."""

from __future__ import annotations

from typing import Any

from deskbell.demo.whatsapp.approval import AUTHENTICATION, VARIABLE

#: how the words of a template with a code begin: body, advice, when it ends
CODE_WORDS = {
    "en": (
        "*{{1}}* is your verification code.",
        "For your security, do not share this code.",
        "This code expires in %s minutes.",
    ),
    "de": (
        "*{{1}}* ist dein Verifizierungscode.",
        "Gib diesen Code zu deiner Sicherheit nicht weiter.",
        "Dieser Code läuft in %s Minuten ab.",
    ),
}
#: where its button leads, and characters of a code
COPIES = "https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code=otp{{1}}"
LONGEST = 15


def as_listed(template: dict[str, Any]) -> dict[str, Any]:
    """How the account's list shows what was handed over: one with a code gets its words, and its button
    another type (authentication templates, copy code).
    """
    if template.get("category") != AUTHENTICATION:
        return template
    body, advice, ends = CODE_WORDS.get(str(template["language"])[:2], CODE_WORDS["en"])
    listed = []
    for each in template["components"]:
        if each["type"] == "BODY":
            advised = each.get("add_security_recommendation")
            text = f"{body} {advice}" if advised else body
            listed.append({**each, "text": text, "example": {"body_text": [["123456"]]}})
        elif each["type"] == "FOOTER":
            listed.append({**each, "text": ends % each["code_expiration_minutes"]})
        else:
            copy = each["buttons"][0].get("text", "Copy code")
            listed.append({"type": "BUTTONS", "buttons": [{"type": "URL", "text": copy, "url": COPIES}]})
    return {**template, "components": listed}


def carries_code(node: dict[str, Any]) -> bool:
    """Whether a code stands in the words and behind the button, the same in both."""
    given = [
        (each.get("type"), each.get("sub_type"), [one.get("text") for one in each.get("parameters", [])])
        for each in node.get("components", [])
    ]
    code = given[0][2][:1] if given else []
    return given == [("body", None, code), ("button", "url", code)] and 0 < len(str(*code)) <= LONGEST


def words_of(found: dict[str, Any] | None, node: dict[str, Any]) -> tuple[str, str]:
    """What a phone shows of a template with its values, and the code that its button copies, if any."""
    if found is None:
        return "", ""
    given = {each.get("type"): each.get("parameters", []) for each in node.get("components", [])}
    shown = [
        _filled(str(part.get("text", "")), given.get(part["type"].lower(), []))
        for part in found["components"]
    ]
    code = str(given["button"][0]["text"]) if found["category"] == AUTHENTICATION else ""
    return "\n\n".join(filter(None, shown)), code


def _filled(text: str, values: list[dict[str, Any]]) -> str:
    named = {str(each.get("parameter_name") or n): str(each["text"]) for n, each in enumerate(values, 1)}
    return VARIABLE.sub(lambda one: named.get(one[1], one[0]), text)


#: the demo's templates with a code for signing in, approved
CODES = [
    as_listed(
        {
            "name": "sign_in_code",
            "language": language,
            "status": "APPROVED",
            "category": AUTHENTICATION,
            "components": [
                {"type": "BODY", "add_security_recommendation": True},
                {"type": "FOOTER", "code_expiration_minutes": 3},
                {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE", "text": button}]},
            ],
        }
    )
    for language, button in (("en_US", "Copy code"), ("de", "Code kopieren"))
]

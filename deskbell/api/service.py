"""The calls put together, and the document that describes them."""

from __future__ import annotations

from typing import Any

from ninja import NinjaAPI
from pydantic.json_schema import models_json_schema

from deskbell import __version__
from deskbell.api import problems, shapes
from deskbell.api.access import Token
from deskbell.api.calls import desk, files, merging, messages, people, people_merging, tickets
from deskbell.api.once import HEADER

DESCRIPTION = """Programs see and do here what the person behind their token sees and does on the pages.

Lists come in pages: `{"items": […], "next": "<cursor>"|null}`; ask again with `cursor=<next>` and the same
filters. Times are RFC 3339 in UTC. Unknown fields are refused. Every refusal is `application/problem+json`
(RFC 9457). A POST may carry `Idempotency-Key`: sent again with the same body it gives the first answer."""

#: refusals any call may give, by status
REFUSALS = {
    400: "The request cannot be understood.",
    401: "No valid token.",
    403: "You may not do this.",
    404: "There is nothing here, or it is not meant for you.",
    405: "Not a method of this address.",
    409: "Something else came first.",
    413: "Too much was sent.",
    422: "A value cannot be taken; `errors` says which.",
    500: "Something went wrong on the server.",
    503: "The database does not answer; try again.",
    507: "The server's disk is full.",
}


class Api(NinjaAPI):
    def get_openapi_schema(self, **options: Any) -> Any:
        """The document, with the refusals declared once and named by every call."""
        document = super().get_openapi_schema(**options)
        components = document["components"]
        components["schemas"].update(_problem_schemas())
        components["responses"] = {
            f"Refused{status}": {
                "description": text,
                "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
            for status, text in REFUSALS.items()
        }
        for calls in document["paths"].values():
            for method, call in calls.items():
                _describe(method, call)
        return document


def _describe(method: str, call: dict[str, Any]) -> None:
    for status in REFUSALS:
        call["responses"].setdefault(status, {"$ref": f"#/components/responses/Refused{status}"})
    if method == "post":
        call["parameters"].append(
            {
                "in": "header",
                "name": HEADER,
                "required": False,
                "schema": {"type": "string", "minLength": 1, "maxLength": 200},
                "description": "Makes the call happen once, however often it is sent.",
            }
        )


def _problem_schemas() -> dict[str, Any]:
    _, schema = models_json_schema(
        [(shapes.Problem, "serialization")], ref_template="#/components/schemas/{model}"
    )
    return schema["$defs"]


def operation_id(operation: Any) -> str:
    return operation.view_func.__name__


api = Api(
    title="Deskbell",
    version=__version__,
    description=DESCRIPTION,
    auth=Token(),
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api",
)
api.get_openapi_operation_id = operation_id  # type: ignore[method-assign]
for calls in (desk, tickets, merging, messages, files, people, people_merging):
    api.add_router("", calls.router)
problems.register(api)

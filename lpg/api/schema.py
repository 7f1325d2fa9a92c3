"""OpenAPI from the doors' own tables: bodies, queries, answers, examples, and the errors every operation can give."""

from http import HTTPStatus
from typing import Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from lpg.api.door import KEY_HEADER, Door
from lpg.api.inputs import ListQuery
from lpg.problems import TITLES
from lpg.sheets import MEDIA

BASE = "/api/v1/"
WRITES = {"POST", "PUT", "PATCH"}
KEY = {"type": "string", "pattern": "^[!-~]{1,64}$", "minLength": 1, "maxLength": 64}
USUAL = {
    "list": "List {many}",
    "retrieve": "Read one {one}",
    "create": "Make a new {one}",
    "update": "Change a whole {one}",
    "partial_update": "Change parts of one {one}",
}


class ProblemSerializer(serializers.Serializer[Any]):
    """Every "no": `code` is stable for programs, `detail` is written for a person."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = serializers.DictField(  # type: ignore[assignment]  # the contract's name; the serializer's own is unused
        child=serializers.ListField(child=serializers.CharField()), required=False, help_text="Field → what is wrong."
    )


PROBLEMS: dict[int, tuple[str, str]] = {
    400: ("invalid", "name: This field is required."),
    401: ("token_not_valid", "You are signed out, or the sign-in has run out. Sign in again."),
    403: ("permission_denied", "Your role does not allow this. Ask a supervisor or an administrator to do it."),
    404: ("not_found", "There is nothing here that you may see. Check the number and your depots."),
    409: ("inactive", "Depot UNION is no longer in use. Choose another depot."),
    413: ("too_large", "The body is over 1 MB. Send less in one request."),
    415: ("unsupported_media_type", "Send the body as application/json."),
    422: ("idempotency_mismatch", "This key was used before for something else. Send this request with a new key."),
    429: ("throttled", "Too many wrong attempts. Wait 8 seconds and try again."),
    503: ("busy", "Many people are saving at this moment. Nothing was changed; try again."),
}
PROBLEM_TYPE = "application/problem+json"
WAIT = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
MORE_TITLES = {409: "This cannot be done", 422: "Key used before", 429: "Too many attempts", 503: "Busy just now"}


class DoorSchema(AutoSchema):
    """One operation of a door."""

    view: Door  # type: ignore[override]  # only doors are described

    def get_tags(self) -> list[str]:
        return [self.view.tag]

    def get_operation_id(self) -> str:
        return f"{self.view.basename}_{self.view.action}"

    def get_summary(self) -> str:
        """The first sentence of the action's own docstring, or what the usual actions do, in the resource's name."""
        own = getattr(self.view, self.view.action)
        if own.__module__ != Door.__module__ and own.__doc__:
            return str(own.__doc__).strip().split(". ")[0].split(".\n")[0].rstrip(".")
        one, many = self.view.nouns
        return USUAL[self.view.action].format(one=one, many=many)

    def get_request_serializer(self) -> Any:
        return self.view.bodies.get(self.view.action) if self.method in WRITES else None

    def get_response_serializers(self) -> Any:
        status, shape = self.view.answer()
        if self.view.action in self.view.files:
            return {(status, self.view.files[self.view.action][0]): OpenApiTypes.BINARY}
        if shape is None:
            return {status: OpenApiResponse(description="Done.")}
        if self.method == "GET" and issubclass(self.view.query_class(), ListQuery):
            answers: dict[Any, Any] = {(status, "application/json"): shape(many=True)}
        else:
            answers = {(status, "application/json"): shape}
        if self.view.action in self.view.exports:
            answers |= {(status, media.split(";")[0]): OpenApiTypes.BINARY for media in MEDIA.values()}
        return answers

    def get_override_parameters(self) -> list[Any]:
        query = self.view.query_class()
        parameters: list[Any] = [query] if query._declared_fields else []
        if self.method == "POST" and self.view.keyed:
            words = "Makes the request safe to repeat: the same key and content get the first answer again."
            parameters.append(OpenApiParameter(KEY_HEADER, KEY, OpenApiParameter.HEADER, description=words))
        return parameters

    def _is_list_view(self, serializer: Any = None) -> bool:
        return isinstance(serializer, serializers.ListSerializer)

    def get_examples(self) -> list[OpenApiExample]:
        examples = []
        body = self.view.bodies.get(self.view.action) if self.method in WRITES else None
        status, shape = self.view.answer()
        if body is not None:
            examples.append(OpenApiExample("Request", value=cast(Any, body).example, request_only=True))
        if self.view.action in self.view.files:
            media, begins = self.view.files[self.view.action]
            examples.append(OpenApiExample("Answer", value=begins, response_only=True, media_type=media))
        elif shape is not None:
            examples.append(
                OpenApiExample("Answer", value=cast(Any, shape).example, response_only=True, status_codes=[str(status)])
            )
        return examples

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        operation = super().get_operation(*args, **kwargs)
        if operation:
            schema = self.resolve_serializer(ProblemSerializer, "response").ref
            for status in self._refusals(operation):
                code, detail = PROBLEMS[status]
                title = TITLES.get(status) or MORE_TITLES[status]
                example = {
                    "type": f"urn:hsh-lpg:problem:{code}",
                    "title": title,
                    "status": status,
                    "detail": detail,
                    "code": code,
                }
                if status == HTTPStatus.BAD_REQUEST:
                    field, _, message = detail.partition(": ")
                    example["errors"] = {field: [message]}
                answer = {"description": title, "content": {PROBLEM_TYPE: {"schema": schema, "example": example}}}
                if status in WAIT:
                    words = "After how many seconds to try again."
                    answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": words}}
                operation["responses"][str(status)] = answer
        return operation

    def _refusals(self, operation: Any) -> list[int]:
        found = {400, 503}
        if operation.get("security") or not self.view.permission_classes:
            found |= {401}
        if operation.get("security"):
            found |= {403}
        if "{" in self.path or self.view.action in self.view.may_find_nothing:
            found |= {404}
        if self.method in WRITES:
            found |= {413, 415}
            found |= {409} if self.view.keyed else {429}
            found |= {422} if self.method == "POST" and self.view.keyed else set()
        if self.view.action in self.view.may_refuse:
            found |= {409}
        return sorted(found)

    def _insert_field_validators(self, field: Any, schema: dict[str, Any]) -> None:
        super()._insert_field_validators(field, schema)  # type: ignore[no-untyped-call]
        if getattr(field, "allow_blank", False) and "oneOf" in schema:
            schema["anyOf"] = schema.pop("oneOf")  # an empty text may well be of the form too

    def _resolve_path_parameters(self, variables: list[str]) -> list[Any]:
        return [
            {
                "in": "path",
                "name": name,
                "required": True,
                "schema": {"type": "integer", "minimum": 1, "maximum": 10**18 - 1},
            }
            for name in variables
        ]


class TextScheme(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # it registers itself
    """Text that may be left empty may also be null."""

    target_class = "lpg.api.inputs.Text"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        plain = auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True)  # type: ignore[no-untyped-call]
        schema: dict[str, Any] = plain
        if self.target.allow_blank:
            schema["type"] = [schema["type"], "null"]
        return schema


class AmountScheme(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # it registers itself
    """An amount is best sent as text; a number is understood too."""

    target_class = "lpg.api.inputs.Amount"

    def map_serializer_field(self, auto_schema: AutoSchema, direction: str) -> dict[str, Any]:
        whole, places = self.target.max_digits - self.target.decimal_places, self.target.decimal_places
        sign, least = ("", {"minimum": 0}) if self.target.min_value == 0 else ("-?", {})
        pattern = rf"^{sign}[0-9]{{1,{whole}}}(\.[0-9]{{1,{places}}})?$"
        return {"type": ["string", "number"], "format": "decimal", "pattern": pattern, **least}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # it registers itself
    target_class = "lpg.accounts.tokens.SessionAuthentication"
    match_subclasses = True
    name = "bearer"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


def canonical_only(endpoints: list[Any], **kwargs: Any) -> list[Any]:
    """The addresses under /api/ without a version are the same API; it is described once."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith(BASE)]

"""The OAuth device flow (RFC 8628): a user types a code on GitHub's page, and we ask for the token."""

from a_parallel_contracts import BadRequest, FailedDependency
from a_parallel_plugins.github.api import reason
from a_parallel_plugins.github.connection import Connection, Reply
from a_parallel_plugins.github.models import DeviceCode, PollAnswer

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class DeviceFlow:
    """Connects accounts.

    Parameters:
        connection: to GitHub.
        web: base address of the website.
        app: id of the OAuth app, or None.
    """

    def __init__(self, connection: Connection, web: str, app: str | None) -> None:
        self._connection = connection
        self._web = web
        self._app = app

    async def begin(self) -> DeviceCode:
        """Return a code for the user to type.

        Raises:
            BadRequest: no OAuth app is configured, or GitHub refuses.
            FailedDependency: GitHub cannot be reached or talks nonsense.
        """
        reply = await self._post("/login/device/code", {"scope": "repo"})
        if reply.status >= 300 or "error" in reply.fields:
            raise BadRequest(f"GitHub refused: {reason(reply)}")
        try:
            return DeviceCode.model_validate(reply.fields)
        except ValueError as error:
            raise FailedDependency("GitHub's answer to the request for a device code makes no sense") from error

    async def poll(self, device_code: str) -> tuple[PollAnswer, str | None]:
        """Ask for the token that belongs to a device code; return what to tell the client, and the token if any.

        Raises:
            BadRequest: no OAuth app is configured, or GitHub refuses.
            FailedDependency: GitHub cannot be reached.
        """
        reply = await self._post("/login/oauth/access_token", {"device_code": device_code, "grant_type": _GRANT})
        fields = reply.fields
        token = fields.get("access_token")
        if isinstance(token, str) and token:
            scopes = fields.get("scope")
            return PollAnswer(status="success", scopes=scopes if isinstance(scopes, str) else None), token
        return _unfinished(reply), None

    async def _post(self, path: str, form: dict[str, str]) -> Reply:
        if self._app is None:
            raise BadRequest(
                "GITHUB_CLIENT_ID is not configured on the server. Set it to the client id of a GitHub OAuth app "
                "with device flow, or store a personal access token in your profile."
            )
        headers = {"Accept": "application/json"}
        url = self._web + path
        reply = await self._connection.request("POST", url, headers=headers, form={"client_id": self._app, **form})
        if reply.status >= 500:
            raise FailedDependency(f"GitHub has a problem (status {reply.status}). Try again later.")
        return reply


def _unfinished(reply: Reply) -> PollAnswer:
    match reply.fields.get("error"):
        case "slow_down":
            interval = reply.fields.get("interval")
            return PollAnswer(status="pending", interval=interval if isinstance(interval, int) else 10)
        case "expired_token":
            return PollAnswer(status="expired")
        case "access_denied":
            return PollAnswer(status="denied")
        case None | "authorization_pending":
            return PollAnswer(status="pending")
        case _:
            raise BadRequest(f"GitHub refused: {reason(reply)}")

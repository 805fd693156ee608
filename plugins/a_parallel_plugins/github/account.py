"""A user's GitHub account: connected or not, who it is, and its repositories (``http-features.md`` §6)."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from a_parallel_contracts import ApiError, BadRequest, FailedDependency
from a_parallel_contracts.profile import Profiles
from a_parallel_plugins.github.api import Api, TokenRefused
from a_parallel_plugins.github.connection import Reply
from a_parallel_plugins.github.device import DeviceFlow
from a_parallel_plugins.github.models import ConnectionStatus, GithubUser, PollAnswer, Repositories, RepositoryQuery

_SEARCHABLE = 1000
"""Results that GitHub's search gives away at most."""

_NEXT = re.compile(r'<[^>]*>\s*;[^,]*\brel="?next"?')


class Account:
    """Asks GitHub on behalf of users.

    Parameters:
        profiles: hold the tokens.
        api: GitHub's REST API.
        device: connects accounts.
    """

    def __init__(self, profiles: Profiles, api: Api, device: DeviceFlow) -> None:
        self._profiles = profiles
        self._api = api
        self.device = device

    async def status(self, user_id: str) -> ConnectionStatus:
        """Tell whether a user is connected; whatever prevents finding out counts as not connected."""
        try:
            return ConnectionStatus(connected=True, login=(await self.user(user_id)).login)
        except ApiError:
            return ConnectionStatus(connected=False)

    async def poll(self, user_id: str, device_code: str) -> PollAnswer:
        """Finish connecting a user if they have typed the code."""
        answer, token = await self.device.poll(device_code)
        if token is not None:
            await self._profiles.store_github_token(user_id, token)
        return answer

    async def disconnect(self, user_id: str) -> None:
        """Forget a user's token."""
        await self._profiles.forget_github_token(user_id)

    async def user(self, user_id: str) -> GithubUser:
        """Return the account that a user's token belongs to.

        Raises:
            BadRequest: the user is not connected.
            ApiError: GitHub refuses or cannot be reached.
        """
        async with self._token(user_id) as token:
            return await self._whose(token)

    async def repositories(self, user_id: str, query: RepositoryQuery) -> Repositories:
        """Return a page of the user's repositories, or of those that match a search.

        Raises:
            BadRequest: the user is not connected.
            ApiError: GitHub refuses or cannot be reached.
        """
        async with self._token(user_id) as token:
            return await (self._search(token, query) if query.search.strip() else self._list(token, query))

    async def _list(self, token: str, query: RepositoryQuery) -> Repositories:
        parameters = {"sort": query.sort, "direction": "desc", **_page(query)}
        parameters["affiliation"] = "owner,collaborator,organization_member"
        reply = await self._api.get(token, "/user/repos", parameters)
        more = _NEXT.search(reply.headers.get("link", "")) is not None
        return Repositories(repos=_objects(reply, reply.data), has_more=more)

    async def _search(self, token: str, query: RepositoryQuery) -> Repositories:
        end = query.page * query.per_page
        if end - query.per_page >= _SEARCHABLE:
            return Repositories(repos=[], has_more=False)
        login = (await self._whose(token)).login
        parameters = {"q": f"user:{login} {query.search.strip()} fork:true", **_page(query)}
        if query.sort == "updated":  # the only one that a search knows too
            parameters["sort"] = query.sort
        reply = await self._api.get(token, "/search/repositories", parameters)
        total = reply.fields.get("total_count")
        more = isinstance(total, int) and end < min(total, _SEARCHABLE)
        return Repositories(repos=_objects(reply, reply.fields.get("items")), has_more=more)

    async def _whose(self, token: str) -> GithubUser:
        reply = await self._api.get(token, "/user")
        try:
            return GithubUser.model_validate(reply.fields)
        except ValueError as error:
            raise FailedDependency("GitHub's answer does not say whose token it is") from error

    @asynccontextmanager
    async def _token(self, user_id: str) -> AsyncIterator[str]:
        """Hand out the user's token, and forget it if GitHub does not accept it any more."""
        token = await self._profiles.github_token_of(user_id)
        if token is None:
            raise BadRequest("Not connected to GitHub")
        try:
            yield token
        except TokenRefused:
            await self._profiles.forget_github_token(user_id, token)
            raise


def _page(query: RepositoryQuery) -> Mapping[str, str]:
    return {"per_page": str(query.per_page), "page": str(query.page)}


def _objects(reply: Reply, found: object) -> list[dict[str, object]]:
    if not isinstance(found, list):
        raise FailedDependency("GitHub's answer holds no list of repositories")
    return [each for each in found if isinstance(each, dict)]

"""The settings of every bundled plugin can be shown in a form, and be sent back from it."""

from jsonschema import Draft202012Validator

from a_parallel_kernel.testkit import RunningKernel


async def test_what_is_shown_fits_its_schema_and_can_be_sent_back(everything: RunningKernel) -> None:
    client, seen = everything.client, 0
    for plugin in (await client.get("/api/kernel/plugins"))["plugins"]:
        path = f"/api/kernel/plugins/{plugin['id']}/settings"
        if plugin["settingsSchema"] is None:
            assert (await client.answer("GET", path)).status == 404
            continue
        shown = await client.get(path)
        schema = {**shown["settingsSchema"], "required": []}
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema).validate({k: v for k, v in shown["values"].items() if v is not None})
        assert set(shown["values"]) | set(shown["secrets"]) == set(schema["properties"])
        back = {key: value for key, value in shown["values"].items() if key not in shown["decided"]}
        again = await client.patch(path, json={"values": back, "restart": False})
        assert (again["values"], again["pending"]) == (shown["values"], False), plugin["id"]
        seen += 1
    assert seen >= 10


async def test_plugins_are_restarted_with_new_settings_beside_each_other(everything: RunningKernel) -> None:
    client = everything.client
    changed = await client.patch("/api/kernel/plugins/pty/settings", json={"values": {"limit": 3}})
    assert (changed["values"]["limit"], changed["state"], changed["pending"]) == (3, "running", False)
    changed = await client.patch("/api/kernel/plugins/hosts/settings", json={"values": {"holder_patience": 50}})
    assert changed["state"] == "running"
    assert "agents" in changed["dependents"]
    states = {plugin["id"]: plugin["state"] for plugin in (await client.get("/api/kernel/plugins"))["plugins"]}
    assert set(states.values()) == {"running"}, states

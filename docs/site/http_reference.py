"""The page on the gateway's HTTP API, from openapi.yaml beside this file.  http_reference.py >http.md"""

import pathlib

import yaml

api = yaml.safe_load((pathlib.Path(__file__).parent / "openapi.yaml").read_text())


def resolved(node):
    while isinstance(node, dict) and "$ref" in node:
        target = api
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def members(content):
    for kind, body in (content or {}).items():
        schema = body.get("schema", {})
        names = list(schema.get("properties", {})) + [name for name in schema.get("required", []) if name not in schema.get("properties", {})]
        required = set(schema.get("required", []))
        listed = ", ".join(f"`{name}`" + ("" if name in required else " (optional)") for name in names)
        yield f"`{kind}`" + (f": {listed}" if listed else "")


print("# The gateway's HTTP API\n\nWritten by docs/site/http_reference.py from [openapi.yaml](openapi.yaml), which is yours to generate clients from.\n")
print(api["info"]["description"] + "\n")
for path, methods in api["paths"].items():
    for method, operation in methods.items():
        operation = resolved(operation)
        print(f"## {method.upper()} {path}\n\n{operation['summary']}.", operation.get("description", ""), "\n")
        for line in members(resolved(operation.get("requestBody", {})).get("content")):
            print(f"Takes {line}.\n")
        print("| status | answer |\n|---|---|")
        for status, response in operation["responses"].items():
            response = resolved(response)
            print(f"| {status} | {response['description']}" + "".join(f"; {line}" for line in members(response.get("content"))) + " |")
        print()

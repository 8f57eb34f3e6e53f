"""The reference of the record, from the declarations that read and write it: the kinds in src/record/stage.h and the structs
in src/record/payload/*.h. Fails where a struct's members and the list that it is written by do not agree.

  record_reference.py SOURCE >record.md
"""

import pathlib
import re
import sys

STRUCT = re.compile(r"((?:^//[^\n]*\n)*)^struct (\w+) \{\n(.*?)^\};\n(?:^NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT\((.*?)\))?", re.M | re.S)
KIND = re.compile(r'const char\* \w+ = "(\w+)";\s*(?://\s*(\w+)(?: under QAT)?: payload (\w+)…?)?')
MEMBER = re.compile(r"^([\w:<>, ]+?) (\w+)(?: = ([^;]+?))?;(?:\s*//\s*(.*))?$")


def spoken(comment):
    return " ".join(line.strip().lstrip("/").strip() for line in comment.strip().splitlines())


def members_of(body):
    """(type, name, default, meaning) of each member; comments stand before a member, behind it, or go on below it."""
    members, before = [], ""
    for line in (line.strip() for line in body.splitlines()):
        if line.startswith("//"):
            text = line.lstrip("/ ").strip()
            # Far to the right it goes on with the comment of the member above.
            if members and not before and re.search(r"^ {20,}//", next(raw for raw in body.splitlines() if raw.strip() == line)):
                members[-1][3] += " " + text
            else:
                before += " " + text
            continue
        found = MEMBER.match(line)
        if found:
            members.append([found[1], found[2], found[3] or "", ((before + " " + (found[4] or "")).strip())])
            before = ""
        elif "(" not in line:
            before = ""
    return members


def cell(text):
    return text.replace("|", "\\|").replace("<", "\\<").replace("[", "\\[")


def anchor(name):
    return name.lower()


def main(source):
    record = source / "src" / "record"
    structs = {}
    for header in sorted((record / "payload").glob("*.h")):
        for comment, name, body, listed in STRUCT.findall(header.read_text()):
            members = members_of(body)
            names = [member[1] for member in members]
            declared = [word.strip() for word in listed.split(",")][1:]
            if listed and set(names) != set(declared):
                sys.exit(f"{header}: {name}: members {sorted(set(names) ^ set(declared))} are not read and written alike")
            structs[name] = (spoken(comment), members)
    print("# The record\n\nWritten by docs/site/record_reference.py from the program's own declarations.\n")
    print("`.scale/record.jsonl` is append-only: one JSON object a line, the canonical bytes of the object (keys sorted, no white space).\n")
    print("| member | meaning |\n|---|---|")
    envelope = re.search(r"struct Entry \{\n(.*?)^\};", (record / "entry.h").read_text(), re.M | re.S)[1]
    plain = {"core::to_rfc3339": "UTC, RFC 3339 with milliseconds", "record::kind": "one of those below"}
    for _, name, _, meaning in members_of(envelope):
        print(f"| `{name}` | {cell(plain.get(meaning, meaning)) or '–'} |")
    print("\n`hash` is the SHA-256 of the canonical bytes without `hash`; `prev` is the hash of the line before, 64 zeros for the first.")
    print("\n## Kinds of entries\n\n| kind | stage | payload |\n|---|---|---|")
    kinds = KIND.findall(re.search(r"namespace kind \{(.*?)\n\}", (record / "stage.h").read_text(), re.S)[1])
    if len(kinds) < 14:
        sys.exit(f"only {len(kinds)} kinds found")
    for kind, stage, payload in kinds:
        link = f"[{payload}](#{anchor(payload)})" if payload in structs else "the event's figures"
        print(f"| `{kind}` | {stage or 'E'} | {link} |")
    print("\n## Payloads\n\nMembers that an older record lacks take their defaults; members are only added, never renamed.")
    for name, (comment, members) in structs.items():
        print(f"\n### {name}\n\n{cell(comment)}\n\n| member | type | default | meaning |\n|---|---|---|---|")
        for kind, member, default, meaning in members:
            shown = re.sub(r"\b(std|core)::", "", kind)
            inner = re.search(r"\b(" + "|".join(structs) + r")\b", shown)
            linked = f"[{cell(shown)}](#{anchor(inner[1])})" if inner else f"`{shown}`"
            print(f"| `{member}` | {linked} | {'`' + default + '`' if default else '–'} | {cell(meaning)} |")


main(pathlib.Path(sys.argv[1]))

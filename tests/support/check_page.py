"""Checks that a report page is well-formed, self-contained, and runs nothing but the program's own script.

  check_page.py PAGE [--plots N] [--text T]… [--absent T]…

The page's policy must allow one script by its hash, and the page must hold that one and no other; other script elements
are blocks of data. --plots: at least N plots, each with a caption, a summary, data, and a table behind it; --text and
--absent look at what a reader sees without the script.
"""

import argparse
import base64
import hashlib
import html.parser
import json
import re
import sys

VOID = {"meta", "br", "hr", "img", "input", "link", "line", "rect", "circle", "path"}
FORBIDDEN = {"img", "svg", "link", "iframe", "object", "embed", "form", "base", "image", "use", "foreignobject", "audio", "video"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.faults, self.seen, self.ids, self.links, self.plots = [], [], [], set(), [], []
        self.scripts, self.policy, self.kind, self.tables = [], "", None, 0

    def handle_starttag(self, tag, attributes, closed=False):
        if tag in FORBIDDEN:
            self.faults.append(f"<{tag}> is in the page")
        for name, value in attributes:
            if name.startswith("on"):
                self.faults.append(f"<{tag} {name}> runs a script")
            if name in ("src", "href", "action", "xlink:href", "data", "srcset") and not (value or "").startswith("#"):
                self.faults.append(f"<{tag} {name}={value!r}> leads elsewhere")
            if name == "href":
                self.links.append(value[1:])
            if name == "style" and "url(" in (value or ""):
                self.faults.append(f"<{tag}> loads by its style")
            if name == "id":
                if value in self.ids:
                    self.faults.append(f"the id {value} occurs twice")
                self.ids.add(value)
        names = dict(attributes)
        if tag == "meta" and names.get("http-equiv") == "Content-Security-Policy":
            self.policy = names["content"]
            if self.scripts:
                self.faults.append("a script comes before the policy")
        if tag == "figure":
            self.plots.append({"kind": names.get("data-kind"), "summary": names.get("data-summary", ""), "caption": "", "data": None,
                               "tables": self.tables})
        if tag == "table":
            self.tables += 1
        if tag == "script":
            self.kind = names.get("type")
        if tag not in VOID and not closed:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes, closed=True)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> at line {self.getpos()[0]} closes {self.open[-1:] or 'nothing'}")
        else:
            self.open.pop()

    def handle_comment(self, data):
        self.faults.append(f"a comment: {data[:40]!r}")

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            if self.kind == "application/json":
                self.plots[-1]["data"] = json.loads(data)
            else:
                self.scripts.append(data)
        elif self.open and self.open[-1] != "style":
            self.seen.append(data)
            if "figcaption" in self.open:
                self.plots[-1]["caption"] += data
        elif "@import" in data or "url(" in data:
            self.faults.append("the style sheet loads something")


def strings_of(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from strings_of(member)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page")
    parser.add_argument("--plots", type=int, default=0)
    parser.add_argument("--text", action="append", default=[])
    parser.add_argument("--absent", action="append", default=[])
    options = parser.parse_args()
    source = open(options.page, encoding="utf-8").read()  # fails on invalid UTF-8
    page = Page()
    page.feed(source)
    page.close()
    faults = page.faults
    if page.open:
        faults.append(f"left open: {page.open}")
    if not source.lower().startswith("<!doctype html>"):
        faults.append("no document type")
    texts = source + "".join(text for plot in page.plots for text in strings_of(plot["data"]))
    strange = sorted({hex(ord(c)) for c in texts if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0
                      or 0x202A <= ord(c) <= 0x202E or 0x2066 <= ord(c) <= 0x2069})
    if strange:
        faults.append(f"control characters: {strange}")
    faults += [f"the link #{link} leads nowhere" for link in page.links if link not in page.ids]
    allowed = re.findall(r"script-src 'sha256-([^']+)'", page.policy)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in page.scripts]
    if allowed != hashes or len(hashes) != 1 or not page.policy.startswith("default-src 'none'; "):
        faults.append(f"the policy {page.policy!r} does not allow the {len(hashes)} scripts {hashes} alone")
    for word in ("fetch(", "XMLHttpRequest", "sendBeacon", "WebSocket", "http://", "https://"):
        strange_use = [script for script in page.scripts if word in script.replace("http://www.w3.org/", "")]
        if strange_use:
            faults.append(f"the script holds {word!r}")
    faults += [f"a plot without words or numbers: {plot}" for plot in page.plots
               if len(plot["caption"]) < 20 or len(plot["summary"]) < 20 or not plot["data"] or page.tables <= plot["tables"]]
    if len(page.plots) < options.plots:
        faults.append(f"{len(page.plots)} plots instead of {options.plots}")
    seen = "".join(page.seen)
    faults += [f"no text {text!r}" for text in options.text if text not in seen]
    faults += [f"the text {text!r} is there" for text in options.absent if text in seen]
    if "nan" in seen.lower().split() or "inf" in seen.lower().split():
        faults.append("a figure is not a number")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


sys.exit(main())

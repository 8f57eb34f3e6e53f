"""Checks that a report page is well-formed, self-contained and inert.

  check_page.py PAGE [--plots N] [--text T]… [--absent T]…

--plots: at least N plots, each with a title and a description; --text and --absent look at what a reader sees.
"""

import argparse
import html.parser
import sys

VOID = {"meta", "br", "hr", "img", "input", "link", "line", "rect", "circle", "path"}
FORBIDDEN = {"script", "img", "link", "iframe", "object", "embed", "form", "base", "image", "use", "foreignobject", "audio", "video"}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.faults, self.seen, self.ids, self.links, self.plots = [], [], [], set(), [], []

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
        if tag == "svg":
            names = dict(attributes)
            self.plots.append({"role": names.get("role"), "label": names.get("aria-label", ""), "parts": set()})
        if tag in ("title", "desc") and self.plots and "svg" in self.open:
            self.plots[-1]["parts"].add(tag)
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
        if self.open and self.open[-1] != "style":
            self.seen.append(data)
        elif "@import" in data or "url(" in data:
            self.faults.append("the style sheet loads something")


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
    if not source.startswith("<!DOCTYPE html>"):
        faults.append("no document type")
    strange = sorted({hex(ord(c)) for c in source if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0
                      or 0x202A <= ord(c) <= 0x202E or 0x2066 <= ord(c) <= 0x2069})
    if strange:
        faults.append(f"control characters: {strange}")
    faults += [f"the link #{link} leads nowhere" for link in page.links if link not in page.ids]
    faults += [f"a plot without alternative text: {plot}" for plot in page.plots
               if plot["role"] != "img" or len(plot["label"]) < 20 or plot["parts"] != {"title", "desc"}]
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

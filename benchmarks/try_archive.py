"""Try the connector `mailbox` on real mails and print what it makes of them.

    python benchmarks/try_archive.py PATH --address @acme.example [--list support.acme.example]

PATH is an mbox file, a Maildir, a folder of .eml files or a folder that holds such. Nothing is written.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

from deskmetry.connector import Rejected
from deskmetry.records import Message, MessageHeader
from deskmetry_connectors.mailbox import Mailbox


def main() -> None:
    parser = argparse.ArgumentParser(description="Read a mail archive and print counts.")
    parser.add_argument("path", type=Path)
    parser.add_argument(
        "--address", action="append", required=True, help="own address or @domain; repeatable"
    )
    parser.add_argument("--list", action="append", default=[], help="List-Id through which customers write")
    arguments = parser.parse_args()
    mailbox = Mailbox(path=arguments.path.absolute(), addresses=arguments.address, own_lists=arguments.list)
    print(mailbox.check())
    headers: dict[str, MessageHeader] = {}
    messages: dict[str, Message] = {}
    rejected: list[Rejected] = []
    began = time.perf_counter()
    pages = 0
    for page in mailbox.mails(None):
        pages += 1
        rejected.extend(page.rejected)
        headers |= {record.id: record for record in page.records if isinstance(record, MessageHeader)}
        messages |= {record.id: record for record in page.records if isinstance(record, Message)}
    seconds = time.perf_counter() - began
    read = len(headers) + len(rejected)
    print(f"{pages} pages, {seconds:.1f} s, {1000 * seconds / max(1, read):.2f} s per 1,000 mails")
    show(headers, messages, rejected)


def show(headers: dict[str, MessageHeader], messages: dict[str, Message], rejected: list[Rejected]) -> None:
    known = {header.message_id for header in headers.values() if header.message_id}
    cited = [h for h in headers.values() if h.in_reply_to or h.references]
    orphans = [h for h in cited if not known & {h.in_reply_to, *h.references}]
    bare = [h for h in headers.values() if not (h.in_reply_to or h.references)]
    replies = [h for h in bare if (h.subject or "").lower().startswith(("re:", "aw:", "sv:", "antw:"))]
    print(f"mails {len(messages)}, copies {len(headers)}, rejected {len(rejected)}")
    print(f"  rejected for: {dict(Counter(item.reason for item in rejected))}")
    print(f"  without Message-ID: {sum(h.message_id is None for h in headers.values())}")
    print(f"  written by: {dict(Counter(str(m.author_kind) for m in messages.values()))}")
    print(f"  automatic: {dict(Counter(str(m.automatic_kind) for m in messages.values() if m.automatic))}")
    print(f"  internal: {sum(not m.public for m in messages.values())}")
    print(f"  without text: {sum(not m.length for m in messages.values())}")
    print(f"replies with headers {len(cited)}, of them {len(orphans)} with no ancestor here")
    print(f"replies by subject alone {len(replies)}")
    instants = sorted(message.sent_at for message in messages.values())
    if instants:
        print(f"from {instants[0]:%Y-%m-%d %H:%M} to {instants[-1]:%Y-%m-%d %H:%M} UTC")


if __name__ == "__main__":
    main()

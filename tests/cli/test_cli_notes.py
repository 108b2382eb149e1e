"""What a connector had to leave out is told by the sync, and by `status` afterwards."""

from __future__ import annotations

from pathlib import Path

from deskmetry_connectors.livechat.emulator import TOKEN, Company, Emulator
from helpers_cli import cli


def test_notes_of_a_connector_stand_in_the_summary_and_in_status(tmp_path: Path) -> None:
    company = Company.make(tickets=30)
    for thread in list(company.threads.values())[:25]:
        thread.restricted = "Older than 60 days"
    file, secret = tmp_path / "deskmetry.toml", tmp_path / "token"
    secret.write_text(TOKEN)
    secret.chmod(0o600)
    with Emulator(company) as server:
        file.write_text(
            'database = "desk.db"\n[sources.chat]\nconnector = "livechat"\n'
            f'url = "{server.url}"\ntoken = {{ file = "{secret}" }}\n'
        )
        synced = cli("--config", file, "sync", "--format", "json")
    assert synced.code == 0, synced.err
    (chats,) = [one for one in synced.json["streams"] if one["stream"] == "chats"]
    told = (
        "LiveChat withholds 25 threads (Older than 60 days); they are in no answer, `raw_records` names them"
    )
    assert chats["notes"] == [told]
    status = cli("--config", file, "status")
    assert f"chat: {told}" in " ".join(status.out.split())

"""Folders: what a mail folder or label is for, told from its name."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence

from deskmetry.records.kinds import FolderRole

from .headers import decode_words

# Names that mail programs and providers give, in the languages they speak; compared without case.
_NAMES: Mapping[FolderRole, tuple[str, ...]] = {
    FolderRole.INBOX: (
        "inbox", "posteingang", "boîte de réception", "bandeja de entrada", "recibidos", "posta in arrivo",
        "postvak in", "inkorg", "indbakke", "innboks", "saapuneet", "odebrane", "skrzynka odbiorcza",
        "caixa de entrada", "входящие", "gelen kutusu", "受信トレイ", "收件箱", "받은편지함",
    ),
    FolderRole.SENT: (
        "sent", "sent items", "sent mail", "sent messages", "sent-mail", "sentmail", "outgoing",
        "gesendet", "gesendete elemente", "gesendete objekte", "gesendete nachrichten",
        "envoyés", "éléments envoyés", "messages envoyés", "courrier envoyé", "objets envoyés",
        "enviados", "elementos enviados", "mensajes enviados",
        "correo enviado", "itens enviados", "e-mails enviados",
        "inviata", "posta inviata", "inviati", "verzonden", "verzonden items", "verzonden berichten",
        "skickat", "skickade objekt", "sendt", "sendt post", "sendte elementer", "lähetetyt", "wysłane",
        "elementy wysłane", "odeslaná pošta", "odeslané",
        "elküldött elemek", "отправленные", "gönderilmiş postalar",
        "gönderilmiş öğeler", "送信済み", "送信済みメール", "送信済みアイテム",
        "已发送", "已发送邮件", "已傳送郵件", "보낸편지함",
    ),
    FolderRole.JUNK: (
        "junk", "junk e-mail", "junk email", "junk mail", "spam", "bulk mail", "junk-e-mail", "junk-mail",
        "spamverdacht", "unerwünscht", "courrier indésirable",
        "indésirables", "pourriel", "correo no deseado",
        "lixo eletrônico", "posta indesiderata", "ongewenste e-mail", "skräppost", "uønsket", "søppelpost",
        "roskaposti", "wiadomości-śmieci", "nevyžádaná pošta", "спам",
        "önemsiz", "迷惑メール", "垃圾邮件", "스팸함",
    ),
    FolderRole.TRASH: (
        "trash", "deleted", "deleted items", "deleted messages",
        "bin", "papierkorb", "gelöscht", "gelöschte elemente",
        "gelöschte objekte", "corbeille", "éléments supprimés",
        "papelera", "elementos eliminados", "lixeira", "lixo",
        "itens excluídos", "cestino", "posta eliminata", "prullenbak", "verwijderde items", "papperskorg",
        "papperskorgen", "slettet post", "slettede elementer", "roskakori",
        "kosz", "koš", "удаленные", "корзина",
        "çöp kutusu", "ゴミ箱", "已删除", "废件箱", "휴지통",
    ),
    FolderRole.DRAFTS: (
        "drafts", "draft", "templates", "unsent messages", "outbox", "entwürfe", "vorlagen", "postausgang",
        "brouillons", "borradores", "rascunhos", "bozze", "concepten", "utkast", "kladder", "luonnokset",
        "wersje robocze", "kopie robocze", "koncepty", "черновики",
        "taslaklar", "下書き", "草稿", "임시보관함",
    ),
}  # fmt: skip
_BY_NAME = {name: role for role, names in _NAMES.items() for name in names}
# Labels with which Gmail marks the state of a mail; the language is that of the account.
_STATE_LABELS = frozenset({
    "important", "starred", "opened", "unread", "archived", "chat", "chats", "all mail", "category",
    "wichtig", "markiert", "geöffnet", "ungelesen", "archiviert",
    "ouvert", "non lus", "archivé", "suivis", "importante", "destacados", "abierto", "no leídos", "archivado",
    "aperti", "da leggere", "archiviati", "speciali", "geopend", "ongelezen", "gearchiveerd", "belangrijk",
})  # fmt: skip
_CATEGORY = re.compile(r"(?:category|kategorie|catégorie|categoría|categoria|categorie)\b", re.IGNORECASE)


def role_of(name: str, overrides: Mapping[str, FolderRole], special: FolderRole | None = None) -> FolderRole:
    """Return what a folder is for: the settings' word (by full or last name), else `special`, else its name.

    special: what the server says that it is for (RFC 6154), None if nothing. A folder below Sent, Junk,
    Trash or Drafts is of that kind too; one below the inbox isn't.
    """
    parts = [part.strip().lower() for part in name.split("/") if part.strip()]
    if not parts:
        return FolderRole.OTHER
    wanted = {key.strip().lower(): role for key, role in overrides.items()}
    for key in ("/".join(parts), parts[-1]):
        if key in wanted:
            return wanted[key]
    if special is not None:
        return special
    role = _BY_NAME.get(parts[-1], FolderRole.OTHER)
    if role is not FolderRole.OTHER:
        return role
    above = (_BY_NAME.get(part, FolderRole.OTHER) for part in reversed(parts[:-1]))
    return next(
        (found for found in above if found not in (FolderRole.OTHER, FolderRole.INBOX)), FolderRole.OTHER
    )


def gmail_labels(value: str) -> tuple[str, ...]:
    """Return the labels of an X-Gmail-Labels field (a Takeout export): comma separated, quoted, encoded."""
    text = " ".join(decode_words(value).split())
    try:
        row = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:
        row = text.split(",")
    return tuple(dict.fromkeys(label.strip() for label in row if label.strip()))


def role_of_labels(labels: Sequence[str], overrides: Mapping[str, FolderRole]) -> FolderRole:
    """Return the role of a mail from all its Gmail labels: the settings' word first, then the strongest."""
    wanted = {key.strip().lower(): role for key, role in overrides.items()}
    chosen = [wanted[label.lower()] for label in labels if label.lower() in wanted]
    if chosen:
        return chosen[0]
    found = {_BY_NAME.get(label.lower()) for label in labels}
    order = (FolderRole.DRAFTS, FolderRole.JUNK, FolderRole.TRASH, FolderRole.SENT, FolderRole.INBOX)
    return next((role for role in order if role in found), FolderRole.OTHER)


def own_labels(labels: Iterable[str]) -> list[str]:
    """Return the labels that people gave: all but those that say where a mail lies or that it was read."""
    return [
        label
        for label in labels
        if label.lower() not in _BY_NAME and label.lower() not in _STATE_LABELS and not _CATEGORY.match(label)
    ]

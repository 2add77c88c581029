"""pywa, unchanged, against the simulator: every kind sent, files, templates, errors, and its own parser on our webhooks.

The library always calls Meta's host; the HTTP client that it lets its users bring leads to the simulator instead.
"""

import unittest

import httpx
from pywa import WhatsApp, errors, handlers, types
from pywa.types import templates

from world import ANA, PHONE, SECRET, TOKEN, WABA, World

PICTURE = b"\x89PNG\r\n\x1a\n a picture"
META = "graph.facebook.com"


class ToSimulator(httpx.HTTPTransport):
    """Calls for Meta's host go to the simulator."""

    def __init__(self, address):
        super().__init__()
        self.host, port = address.split(":")
        self.port = int(port)

    def handle_request(self, request):
        if request.url.host == META:
            request.url = request.url.copy_with(scheme="http", host=self.host, port=self.port)
            request.headers["host"] = f"{self.host}:{self.port}"
        return super().handle_request(request)


class Client(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.close)
        session = httpx.Client(transport=ToSimulator(self.world.address))
        self.addCleanup(session.close)
        self.heard = []
        self.client = WhatsApp(
            PHONE, TOKEN, session=session, server=None, app_secret=SECRET, waba_id=WABA, verify_token="v"
        )
        take = lambda _, update: self.heard.append(update)
        for kind in (
            handlers.MessageHandler,
            handlers.MessageStatusHandler,
            handlers.CallbackButtonHandler,
            handlers.CallbackSelectionHandler,
            handlers.EditedMessageHandler,
            handlers.DeletedMessageHandler,
            handlers.OutgoingMessageHandler,
            handlers.OutgoingEditedMessageHandler,
            handlers.OutgoingDeletedMessageHandler,
            handlers.TemplateStatusUpdateHandler,
            handlers.AccountUpdateHandler,
            handlers.PhoneNumberChangeHandler,
        ):
            self.client.add_handlers(kind(take))

    def hear(self):
        """The next webhook through the library's own check of the signature and its own parser."""
        body, signature = self.world.webhook()
        self.assertIsNone(self.client.webhook_update_validator(body, signature))
        self.assertEqual(self.client.webhook_update_handler(body), ("ok", 200))
        self.assertEqual(len(self.heard), 1, body)
        return self.heard.pop()

    def write(self, **order):
        """Ana writes; what the library makes of it."""
        self.world.control("customer", wa_id=ANA, **order)
        return self.hear()


class Sends(Client):
    def test_each_kind_arrives(self):
        first = self.write(text="Hi", name="Ana")
        to, client = ANA, self.client
        client.send_text(to, "Hello", reply_to_message_id=first.id, tracker="ours")
        client.send_image(to, PICTURE, "A picture", mime_type="image/png")
        client.send_video(to, b"video", mime_type="video/mp4")
        client.send_document(to, b"%PDF", "a.pdf", "A paper", mime_type="application/pdf")
        client.send_audio(to, b"audio", mime_type="audio/mpeg")
        client.send_voice(to, b"OggS", mime_type="audio/ogg")
        client.send_sticker(to, b"RIFFwebp", mime_type="image/webp")
        client.send_location(to, 1.5, 2.5, "Here", "There 1")
        client.send_contact(to, types.Contact(name=types.Contact.Name(formatted_name="Ben", first_name="Ben")))
        client.send_text(to, "Yes or no?", buttons=[types.Button("Yes", "y"), types.Button("No", "n")])
        rows = [types.SectionRow("One", "1", "The first")]
        client.send_text(to, "Which?", buttons=types.SectionList("Open", [types.Section("All", rows)]))
        client.send_text(to, "See", buttons=types.URLButton("Shop", "https://shop.example/"))
        client.send_template(to, "hello_world", templates.TemplateLanguage.ENGLISH_US, [])
        client.send_reaction(to, "\N{THUMBS UP SIGN}", first.id)
        kinds = "text image video document audio audio sticker location contacts interactive interactive interactive template"
        self.assertEqual([message["kind"] for message in self.world.shown()], kinds.split())
        calls = self.world.calls()
        self.assertEqual({call["answer"]["status"] for call in calls}, {200})
        self.assertEqual([call["body"]["type"] for call in calls], kinds.split() + ["reaction"])
        self.assertEqual(self.world.shown()[0]["reply_to"], first.id)
        theirs = self.world.look("chats")["customers"][0]["messages"][0]
        self.assertEqual(theirs["reactions"], [{"author": "api", "emoji": "\N{THUMBS UP SIGN}"}])

    def test_read_mark_and_typing(self):
        first = self.write(text="Hi")
        self.client.mark_message_as_read(first.id)
        self.assertEqual(self.world.look("chats")["customers"][0]["messages"][0]["status"], "read")
        self.client.indicate_typing(first.id)
        self.assertTrue(self.world.look("chats")["customers"][0]["typing"])

    def test_by_user_id_alone(self):
        first = self.write(text="Hi", hide_phone=True, username="ana.r")
        self.assertIsNone(first.from_user.wa_id)
        sent = self.client.send_text(first.from_user.bsuid, "Hello")
        self.assertEqual(self.world.shown()[0]["wamid"], sent.id)
        self.assertEqual(self.world.calls()[0]["body"]["recipient"], first.from_user.bsuid)

    def test_refusals_are_the_librarys_own_errors(self):
        with self.assertRaises(errors.ReEngagementMessage):
            self.client.send_text(ANA, "The window is closed")
        with self.assertRaises(errors.TemplateNotExists):
            self.client.send_template(ANA, "nothing", templates.TemplateLanguage.ENGLISH_US, [])
        self.write(text="Hi")
        for code, error in (
            (131056, errors.TooManyMessages),
            (130429, errors.RateLimitHit),
            (131048, errors.SpamRateLimitHit),
            (190, errors.ExpiredAccessToken),
            (368, errors.TemporarilyBlocked),
            (131026, errors.MessageUndeliverable),
            (131016, errors.ServiceUnavailable),
            (132015, errors.TemplatePaused),
        ):
            with self.subTest(code=code):
                self.world.control("faults", send=code, times=1)
                with self.assertRaises(error):
                    self.client.send_text(ANA, "No")
        self.assertEqual(self.world.shown(), [])


class Files(Client):
    def test_up_asked_for_down_and_away(self):
        media = self.client.upload_media(PICTURE, "image/png", "a.png")
        url = self.client.get_media_url(media.id)
        self.assertEqual((url.mime_type, url.file_size), ("image/png", len(PICTURE)))
        self.assertEqual(self.client.get_media_bytes(url.url), PICTURE)
        self.assertTrue(self.client.delete_media(media.id))
        with self.assertRaises(errors.WhatsAppError):
            self.client.get_media_url(media.id)
        self.assertEqual(self.world.calls("/media")[0]["body"]["file"]["size"], len(PICTURE))

    def test_what_a_customer_sends(self):
        message = self.write(message={"type": "image", "image": {"caption": "Look"}})
        self.assertEqual((message.type, message.caption), (types.MessageType.IMAGE, "Look"))
        url = self.client.get_media_url(message.image.id)
        self.assertEqual(len(self.client.get_media_bytes(url.url)), url.file_size)


class Account(Client):
    def test_templates_from_draft_to_customer(self):
        draft = templates.Template(
            name="greeting",
            language=templates.TemplateLanguage.GERMAN,
            category=templates.TemplateCategory.UTILITY,
            components=[templates.BodyText("Hallo {{name}}, alles da.", name="Ana")],
            parameter_format=templates.ParamFormat.NAMED,
        )
        made = self.client.create_template(draft)
        self.assertEqual(made.status, templates.TemplateStatus.PENDING)
        news = self.hear()
        self.assertEqual((news.template_name, news.new_status), ("greeting", templates.TemplateStatus.APPROVED))
        listed = {template.name: template.status for template in self.client.get_templates()}
        self.assertEqual(set(listed), {"hello_world", "greeting"})
        words = [templates.BodyText.params(name="Ben")]
        self.client.send_template(ANA, "greeting", templates.TemplateLanguage.GERMAN, words)
        self.assertEqual(self.world.shown()[0]["text"], "Hallo Ben, alles da.")
        self.client.delete_template("greeting")
        self.assertEqual([template.name for template in self.client.get_templates()], ["hello_world"])

    def test_number_profile_and_block_list(self):
        number = self.client.get_business_phone_number()
        self.assertEqual((number.id, number.display_phone_number), (PHONE, "15550783881"))
        self.assertEqual(self.client.get_business_profile().about, "A shop for tests")
        self.write(text="Hi")
        self.client.block_users([ANA])
        self.assertEqual([user.wa_id for user in self.client.get_blocked_users()], [ANA])


class Webhooks(Client):
    def test_each_kind_of_message_is_understood(self):
        text = self.write(text="Hi", name="Ana")
        self.assertEqual((text.text, text.from_user.name, text.from_user.wa_id), ("Hi", "Ana", ANA))
        reply = self.write(text="And", reply_to=text.id)
        self.assertEqual(reply.reply_to_message.id, text.id)
        self.assertTrue(self.write(text="Seen?", forwarded="often").forwarded)
        for kind in ("image", "video", "audio", "document", "sticker"):
            with self.subTest(kind=kind):
                message = self.write(message={"type": kind})
                self.assertEqual(message.type.value, kind)
                self.assertTrue(message.media.id)
        place = self.write(message={"type": "location", "location": {"latitude": 1.5, "longitude": 2.5}})
        self.assertEqual(place.location.longitude, 2.5)
        people = [{"name": {"formatted_name": "Ben", "first_name": "Ben"}, "phones": [{"phone": "+1"}]}]
        self.assertEqual(self.write(message={"type": "contacts", "contacts": people}).contacts[0].name.formatted_name, "Ben")
        asked = self.client.send_text(ANA, "Yes?", buttons=[types.Button("Yes", "y")])
        self.assertEqual([self.hear().status.value for _ in range(2)], ["sent", "delivered"])
        button = {"type": "button_reply", "button_reply": {"id": "y", "title": "Yes"}}
        pressed = self.write(message={"type": "interactive", "interactive": button})
        self.assertEqual((pressed.title, pressed.reply_to_message.id), ("Yes", asked.id))
        row = {"type": "list_reply", "list_reply": {"id": "1", "title": "One", "description": "First"}}
        self.assertEqual(self.write(message={"type": "interactive", "interactive": row}).title, "One")
        self.assertEqual(self.write(message={"type": "unsupported"}).type, types.MessageType.UNSUPPORTED)

    def test_changes_of_messages(self):
        text = self.write(text="Helo")
        self.world.control("customer/edit", wamid=text.id, text="Hello")
        edited = self.hear()
        self.assertIsInstance(edited, types.EditedMessage)
        self.assertEqual((edited.message.text, edited.original_message_id), ("Hello", text.id))
        self.world.control("customer/react", wamid=text.id, emoji="x")
        self.assertEqual(self.hear().reaction.emoji, "x")
        self.world.control("customer/revoke", wamid=text.id)
        deleted = self.hear()
        self.assertIsInstance(deleted, types.DeletedMessage)
        self.assertEqual(deleted.original_message_id, text.id)

    def test_the_owners_echoes(self):
        sent = self.world.control("owner", to=ANA, text="From the phone")["wamid"]
        echo = self.hear()
        self.assertIsInstance(echo, types.OutgoingMessage)
        self.assertEqual((echo.id, echo.text), (sent, "From the phone"))
        self.world.control("owner/edit", wamid=sent, text="Changed")
        self.assertIsInstance(self.hear(), types.OutgoingEditedMessage)
        self.world.control("owner/revoke", wamid=sent)
        self.assertIsInstance(self.hear(), types.OutgoingDeletedMessage)

    def test_statuses_with_what_was_tracked(self):
        self.write(text="Hi")
        sent = self.client.send_text(ANA, "Hello", tracker="ours")
        words = []
        for _ in range(2):
            status = self.hear()
            self.assertEqual((status.id, status.tracker), (sent.id, "ours"))
            words.append(status.status)
        self.world.control("customer/read", wa_id=ANA)
        words.append(self.hear().status)
        word = types.MessageStatusType
        self.assertEqual(words, [word.SENT, word.DELIVERED, word.READ])
        self.world.control("status", wamid=sent.id, status="failed", code=131026)
        failed = self.hear()
        self.assertEqual((failed.status, failed.error.code), (word.FAILED, 131026))

    def test_the_line_and_a_new_number(self):
        self.write(text="Hi")
        self.world.control("customer/number", wa_id=ANA, new_wa_id="34600333444")
        changed = self.hear()
        self.assertEqual(changed.new_wa_id, "34600333444")
        for event, word in (
            ("disconnect", "PARTNER_REMOVED"),
            ("offboard", "ACCOUNT_OFFBOARDED"),
            ("reconnect", "ACCOUNT_RECONNECTED"),
            ("violation", "ACCOUNT_VIOLATION"),
            ("restrict", "ACCOUNT_RESTRICTION"),
        ):
            with self.subTest(event=event):
                self.world.control("owner/line", event=event)
                self.assertEqual(self.hear().event.value, word)


if __name__ == "__main__":
    unittest.main()

// whatsapp-api-js, unchanged, against the simulator: every kind sent, files, errors, and its own parser on our webhooks.
// The library always calls Meta's host; the `fetch` that it lets its users bring leads to the simulator instead.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { WhatsAppAPI } from "whatsapp-api-js";
import * as kinds from "whatsapp-api-js/messages";

import { ANA, PHONE, SECRET, TOKEN, World } from "./world.mjs";

const META = "https://graph.facebook.com/";
const LIMIT = { timeout: 60_000 };

let world;
let client;
let heard;

before(async () => {
    world = await World.open();
    const led = (url, order) => fetch(String(url).replace(META, `http://${world.address}/`), order);
    const ponyfill = { fetch: led, subtle: webcrypto.subtle };
    client = new WhatsAppAPI({ token: TOKEN, appSecret: SECRET, webhookVerifyToken: "v", ponyfill });
    client.on.message = (news) => heard.push(news);
    client.on.status = (news) => heard.push(news);
});

after(() => world.close());

beforeEach(() => {
    heard = [];
});

// The next webhook through the library's own check of the signature and its own parser.
async function hear() {
    const { body, signature } = await world.webhook();
    await client.post(JSON.parse(body), body, signature);
    assert.equal(heard.length, 1, body);
    return heard.pop();
}

// Ana writes; what the library makes of it.
async function write(order) {
    await world.control("customer", { wa_id: ANA, ...order });
    return hear();
}

// Sends and hears both statuses.
async function send(message, context, data) {
    const answer = await client.sendMessage(PHONE, ANA, message, context, data);
    assert.ok(answer.messages, JSON.stringify(answer));
    assert.equal((await hear()).status, "sent");
    if (message._type !== "reaction") assert.equal((await hear()).status, "delivered");
    return answer.messages[0].id;
}

function form(type, text) {
    const form = new FormData();
    form.set("file", new Blob([text], { type }), "a file");
    form.set("messaging_product", "whatsapp");
    return form;
}

describe("whatsapp-api-js", LIMIT, () => {
    test("sends each kind", async () => {
        const first = (await write({ text: "Hi", name: "Ana" })).message.id;
        const link = "https://files.example/a";
        const up = async (type, text) => (await client.uploadMedia(PHONE, form(type, text))).id;
        const body = new kinds.Body("Choose");
        const buttons = new kinds.ActionButtons(new kinds.Button("y", "Yes"), new kinds.Button("n", "No"));
        const rows = new kinds.ListSection("All", new kinds.Row("1", "One", "The first"));
        const messages = [
            new kinds.Text("Hello"),
            new kinds.Image(await up("image/png", "picture"), true, "A picture"),
            new kinds.Video(link, false, "A film"),
            new kinds.Document(await up("application/pdf", "%PDF"), true, "A paper", "a.pdf"),
            new kinds.Audio(await up("audio/ogg", "OggS"), true, true),
            new kinds.Sticker(await up("image/webp", "RIFF"), true),
            new kinds.Location(2.5, 1.5, "Here", "There 1"),
            new kinds.Contacts([new kinds.Name("Ben", "Ben"), new kinds.Phone("+1", "HOME")]),
            new kinds.Interactive(buttons, body),
            new kinds.Interactive(new kinds.ActionList("Open", rows), body),
            new kinds.Interactive(new kinds.ActionCTA("Shop", "https://shop.example/"), body),
            new kinds.Interactive(new kinds.ActionLocation(), body),
            new kinds.Template("hello_world", "en_US"),
        ];
        for (const message of messages) await send(message);
        await send(new kinds.Reaction(first, "\u{1f44d}"));
        await send(new kinds.Text("As you said"), first, "ours");
        const shown = await world.shown();
        const wanted = [...messages.map((message) => message._type), "text"];
        assert.deepEqual(shown.map((message) => message.kind), wanted);
        assert.equal(shown.at(-1).reply_to, first);
        assert.equal(shown.at(-1).callback_data, "ours");
        const { calls } = await world.look("log");
        assert.ok(calls.every((call) => call.answer.status === 200));
        assert.equal(calls.filter((call) => call.path.endsWith("/messages")).length, messages.length + 2);
    });

    test("marks as read, with typing", async () => {
        const { message } = await write({ text: "Still there?" });
        assert.deepEqual(await client.markAsRead(PHONE, message.id, "text"), { success: true });
        const chat = (await world.look("chats")).customers[0];
        assert.equal(chat.typing, true);
        assert.equal(chat.messages.find((one) => one.wamid === message.id).status, "read");
    });

    test("takes files up, asks for them, brings them down and away", async () => {
        const { id } = await client.uploadMedia(PHONE, form("image/png", "picture"));
        const node = await client.retrieveMedia(id, PHONE);
        assert.equal(node.mime_type, "image/png");
        assert.equal(await (await client.fetchMedia(node.url)).text(), "picture");
        assert.deepEqual(await client.deleteMedia(id, PHONE), { success: true });
        assert.equal((await client.retrieveMedia(id)).error.code, 100);
        const theirs = await write({ message: { type: "image", image: { caption: "Look" } } });
        const found = await client.retrieveMedia(theirs.message.image.id);
        assert.equal(found.sha256, theirs.message.image.sha256);
    });

    test("hears each kind and each change", async () => {
        const { from, name, message } = await write({ text: "Hi", name: "Ana" });
        assert.deepEqual([from, name, message.text.body], [ANA, "Ana", "Hi"]);
        assert.equal((await write({ text: "And", reply_to: message.id })).message.context.id, message.id);
        for (const type of ["image", "video", "audio", "document", "sticker"]) {
            assert.ok((await write({ message: { type } })).message[type].id, type);
        }
        const place = { type: "location", location: { latitude: 1.5, longitude: 2.5 } };
        assert.equal((await write({ message: place })).message.location.longitude, 2.5);
        const reply = { type: "button_reply", button_reply: { id: "y", title: "Yes" } };
        const pressed = await write({ message: { type: "interactive", interactive: reply } });
        assert.equal(pressed.message.interactive.button_reply.id, "y");
        assert.ok(pressed.message.context.id);
        await world.control("customer/react", { wamid: message.id, emoji: "x" });
        assert.equal((await hear()).message.reaction.emoji, "x");
        await world.control("customer/edit", { wamid: message.id, text: "Hello" });
        assert.equal((await hear()).message.edit.message.text.body, "Hello");
        await world.control("customer/revoke", { wamid: message.id });
        assert.equal((await hear()).message.revoke.original_message_id, message.id);
        const hidden = await write({ text: "Me", hide_phone: true, username: "ana.r" });
        assert.equal(hidden.contact.wa_id, undefined);
        const answer = await client.sendMessage(PHONE, { bsuid: hidden.contact.user_id }, new kinds.Text("You"));
        assert.ok(answer.messages[0].id);
        assert.equal((await hear()).recipient.bsuid, hidden.contact.user_id);
        await hear();
        await write({ text: "Me again", hide_phone: false });
    });

    test("hears why a message failed", async () => {
        await write({ text: "Hi" });
        const id = await send(new kinds.Text("Hello"), undefined, "ours");
        await world.control("status", { wamid: id, status: "failed", code: 131_026 });
        const failed = await hear();
        assert.deepEqual([failed.id, failed.status, failed.error.code], [id, "failed", 131_026]);
        assert.equal(failed.biz_opaque_callback_data, "ours");
        assert.equal((await write({ text: "?" })).contact.wa_id, ANA);
    });

    test("gets Meta's errors, and a false signature is refused", async () => {
        await world.control("faults", { send: 131_056, times: 1 });
        const refused = await client.sendMessage(PHONE, ANA, new kinds.Text("No"));
        assert.equal(refused.error.code, 131_056);
        const { error } = await client.sendMessage(PHONE, "34600999888", new kinds.Text("No"));
        assert.equal(error.code, 131_047);
        await world.control("customer", { wa_id: ANA, text: "x" });
        const { body, signature } = await world.webhook();
        await assert.rejects(client.post(JSON.parse(body), `${body} `, signature));
        await client.post(JSON.parse(body), body, signature);
    });

    test("blocks who wrote lately", async () => {
        const answer = await client.blockUser(PHONE, ANA);
        assert.equal(answer.block_users.added_users[0].wa_id, ANA);
        await client.unblockUser(PHONE, ANA);
        assert.equal((await write({ text: "Back" })).message.text.body, "Back");
    });
});

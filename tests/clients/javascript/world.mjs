// The simulator as a program, and the address to which it sends its webhooks. FIELDLINE_SIMULATOR names the program.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

export const SECRET = "app-secret-of-the-clients";
export const TOKEN = "token-of-the-clients";
export const PHONE = "106540352242922";
export const ANA = "34600111222";

const address = (server) => `127.0.0.1:${server.address().port}`;

export class World {
    #posted = [];
    #waiting = [];

    static async open() {
        const world = new World();
        world.hook = createServer(async (request, response) => {
            const pieces = [];
            for await (const piece of request) pieces.push(piece);
            const signature = request.headers["x-hub-signature-256"];
            const webhook = { body: Buffer.concat(pieces).toString(), signature };
            const next = world.#waiting.shift();
            if (next) next(webhook);
            else world.#posted.push(webhook);
            response.writeHead(200).end();
        });
        world.hook.listen(0, "127.0.0.1");
        await once(world.hook, "listening");
        const hook = `http://${address(world.hook)}/hook`;
        const order = ["serve", "--listen", "127.0.0.1:0", "--webhook", hook, "--app-secret", SECRET];
        order.push("--seed", "7", "--token", TOKEN, "--phone-number-id", PHONE);
        const pipes = ["ignore", "pipe", "inherit"];
        world.program = spawn(process.env.FIELDLINE_SIMULATOR, order, { stdio: pipes });
        const [line] = await once(createInterface(world.program.stdout), "line");
        world.address = JSON.parse(line).addr;
        return world;
    }

    async close() {
        this.program.kill("SIGTERM");
        await once(this.program, "exit");
        this.hook.closeAllConnections();
        this.hook.close();
    }

    // A control call; its answer.
    async control(path, body) {
        const headers = { "content-type": "application/json" };
        const order = { method: "POST", headers, body: JSON.stringify(body) };
        const answer = await fetch(`http://${this.address}/sim/${path}`, order);
        if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
        return answer.json();
    }

    // `log` or `chats`.
    async look(path) {
        return (await fetch(`http://${this.address}/sim/${path}`)).json();
    }

    // The next webhook: its text and its signature.
    webhook() {
        const here = this.#posted.shift();
        return here ? Promise.resolve(here) : new Promise((next) => this.#waiting.push(next));
    }

    // What Ana's phone shows from the business.
    async shown() {
        const chats = await this.look("chats");
        const chat = chats.customers.find((one) => one.wa_id === ANA);
        return chat.messages.filter((message) => message.author !== "customer");
    }
}

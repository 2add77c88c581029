//! One connection through the relay: request, answer, request, ... and a tunnel once it becomes a WebSocket.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;

use super::Shared;
use super::http::{Message, Side};

/// The one request whose answer can be lost.
const COMMANDS: &str = "POST /v1/commands ";

/// Carries a connection until either side closes it or an answer has to be lost.
pub(super) async fn carry(
    client: TcpStream,
    target: SocketAddr,
    shared: &Shared,
) -> io::Result<()> {
    let server = TcpStream::connect(target).await?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    let (mut client, mut server) = (Side::new(client), Side::new(server));
    loop {
        let request = tokio::select! {
            biased;
            request = client.request() => request?,
            () = server.closed() => return Ok(()),
        };
        let Some(request) = request else { return Ok(()) };
        shared.saw(request.field("authorization"));
        let commands = request.first_line().starts_with(COMMANDS);
        let lose = commands && shared.take_loss();
        server.stream.write_all(&request.bytes).await?;
        let answer = tokio::select! {
            biased;
            answer = server.answer() => answer?,
            () = client.closed() => return Ok(()),
        };
        if commands {
            shared.count(|counts| {
                counts.command_requests += 1;
                counts.answers_lost += u32::from(lose);
                for id in command_ids(&request) {
                    *counts.commands.entry(id).or_default() += 1;
                }
            });
        }
        if lose {
            return Ok(());
        }
        client.stream.write_all(&answer.bytes).await?;
        if answer.status() == Some(101) {
            server.stream.write_all(&client.rest()).await?;
            client.stream.write_all(&server.rest()).await?;
            copy_bidirectional(&mut client.stream, &mut server.stream).await?;
            return Ok(());
        }
        if answer.is_last() {
            return Ok(());
        }
    }
}

/// Ids of the commands in a request.
fn command_ids(request: &Message) -> Vec<String> {
    let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let commands = body.get("commands").and_then(serde_json::Value::as_array);
    let id = |command: &serde_json::Value| command.get("id")?.as_str().map(str::to_owned);
    commands.into_iter().flatten().filter_map(id).collect()
}

//! What the end of a send says about who it went to: WhatsApp's own spelling of the number, the
//! person's user id (whatsapp.md 5.1, 8.2), and that they want no advertising (131050).
//!
//! Meta may change a number that it is given, and the person's messages come under what it made of it.
//! Kept here, they come into the conversation that they answer.

use serde_json::Value;

use crate::meta::graph::GraphAnswer;
use crate::meta::marks::Marks;
use crate::meta::payload::number_key;
use crate::store::chats::ConversationRow;
use crate::store::{StoreError, WriteTx, contacts, people};

/// Meta's code of somebody who stopped advertising: "never again" (whatsapp.md section 7).
const NO_MARKETING: i64 = 131_050;

/// Keeps what a refusal says of the person, at `at` (ms UTC).
pub(crate) fn refused(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    chat: &ConversationRow,
    code: Option<i64>,
    at: i64,
) -> Result<(), StoreError> {
    if code != Some(NO_MARKETING) {
        return Ok(());
    }
    let Some(known) = contacts::find(tx.sql(), &chat.workspace, &chat.contact)? else {
        return Ok(());
    };
    let id = known.merged_into.as_ref().unwrap_or(&known.id);
    if people::set_marketing(tx.sql(), id, true, at)? {
        marks.contact(&chat.workspace, id);
    }
    Ok(())
}

/// Keeps what the answer says of the person, unless somebody else is known by it.
pub(crate) fn learn(
    tx: &WriteTx<'_>,
    marks: &mut Marks,
    chat: &ConversationRow,
    answer: &GraphAnswer,
) -> Result<(), StoreError> {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| {
        let text = body.pointer(&format!("/contacts/0/{name}")).and_then(Value::as_str);
        text.filter(|text| !text.is_empty() && text.len() <= 140).map(str::to_owned)
    };
    let workspace = &chat.workspace;
    let Some(known) = contacts::find(tx.sql(), workspace, &chat.contact)? else { return Ok(()) };
    let id = known.merged_into.as_ref().unwrap_or(&known.id);
    let Some(mut contact) = people::by_id(tx.sql(), workspace, id)? else { return Ok(()) };
    let digits = |number: &String| number.bytes().all(|b| b.is_ascii_digit());
    if let (Some(number), Some(phone)) = (text("wa_id").filter(digits), &contact.phone)
        && number_key(&number) != number_key(phone)
        && people::by_phone(tx.sql(), workspace, &number)?.is_none()
        && people::by_alias(tx.sql(), workspace, &number)?.is_none()
    {
        people::add_alias(tx.sql(), &contact, &number, tx.now())?;
    }
    if let (Some(user_id), None, Some(_)) = (text("user_id"), &contact.wa_user_id, &contact.phone)
        && people::by_user_id(tx.sql(), workspace, &user_id)?.is_none()
        && people::by_alias(tx.sql(), workspace, &user_id)?.is_none()
    {
        contact.wa_user_id = Some(user_id);
        people::update(tx.sql(), &contact)?;
        marks.contact(workspace, &contact.id);
    }
    Ok(())
}

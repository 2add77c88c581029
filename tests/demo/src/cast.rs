//! The people of the day and what they write.

/// The business.
pub const BUSINESS: &str = "Brook Repairs";
/// Its number as printed.
pub const NUMBER: &str = "+1 555 078 3881";
/// Meta's id of the number.
pub const PHONE_NUMBER_ID: &str = "106540352242922";
/// Meta's id of the business account.
pub const WABA_ID: &str = "102290129340398";

/// Owns the business; has its number in the WhatsApp Business App.
pub const OWNER: &str = "Olivia";
/// The employee whose day it is.
pub const MARIA: &str = "Maria";
/// Her colleague.
pub const TOM: &str = "Tom";
/// The employee that `cargo demo -- agent` plays.
pub const SAM: &str = "Sam";

/// A customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Customer {
    /// First name.
    pub name: &'static str,
    /// Number, digits only; of a range that is kept for fiction.
    pub wa_id: &'static str,
}

/// Gets the three replies.
pub const ANA: Customer = Customer { name: "Ana", wa_id: "15550100101" };
/// Is answered by the owner.
pub const BEN: Customer = Customer { name: "Ben", wa_id: "15550100102" };
/// Wrote almost a day ago.
pub const CARLA: Customer = Customer { name: "Carla", wa_id: "15550100103" };
/// All of them.
pub const CUSTOMERS: [Customer; 3] = [ANA, BEN, CARLA];

/// Ana, in the morning.
pub const ANA_ASKS: &str = "Is someone coming today?";
/// Ben, in the morning.
pub const BEN_ASKS: &str = "How much is a new filter?";
/// The owner, on the own phone.
pub const OWNER_TO_BEN: &str = "Hi Ben, 18 with fitting.";
/// Ben again.
pub const BEN_AGAIN: &str = "Good. When can you come?";
/// Carla, dated almost 24 hours back.
pub const CARLA_ASKS: &str = "Can I move to Thursday?";
/// Maria to Ana, without a network, in this order.
pub const MARIA_TO_ANA: [&str; 3] =
    ["Hi Ana, yes, me.", "No signal in this cellar.", "At your door at 4.30."];
/// Maria to Ben, without a network.
pub const MARIA_TO_BEN: &str = "Friday at ten?";
/// Maria to Carla, without a network.
pub const MARIA_TO_CARLA: &str = "Of course. At what time?";
/// The owner to Ben, while Maria's reply waits.
pub const OWNER_MEANWHILE: &str = "Friday, morning or noon?";
/// Ana, in the afternoon.
pub const ANA_THANKS: &str = "Good. Need a ladder?";
/// Tom to Ana, from the other employee's phone.
pub const TOM_TO_ANA: &str = "Tom here, I bring one.";

/// What is left of Carla's window when her message comes, in milliseconds.
pub const CARLA_LEFT_MS: u64 = 10_000;
/// How long before that she wrote, in milliseconds.
pub const CARLA_AGE_MS: u64 = 24 * 3_600_000 - CARLA_LEFT_MS;

/// What the employees write in the day, by customer, in order.
pub fn replies() -> [(Customer, &'static str); 6] {
    let [first, second, third] = MARIA_TO_ANA;
    [
        (ANA, first),
        (ANA, second),
        (ANA, third),
        (BEN, MARIA_TO_BEN),
        (ANA, TOM_TO_ANA),
        (CARLA, MARIA_TO_CARLA),
    ]
}

/// What customers write in the day.
pub fn questions() -> [(Customer, &'static str); 5] {
    [(ANA, ANA_ASKS), (BEN, BEN_ASKS), (BEN, BEN_AGAIN), (CARLA, CARLA_ASKS), (ANA, ANA_THANKS)]
}

/// What the owner writes in the day, on the own phone, to Ben.
pub const OWNER_WRITES: [&str; 2] = [OWNER_TO_BEN, OWNER_MEANWHILE];

/// The customer's number: of the cast by name, else a phone number as it is; `None` for anything else.
pub fn number_of(name: &str) -> Option<String> {
    if let Some(known) = CUSTOMERS.iter().find(|known| known.name.eq_ignore_ascii_case(name)) {
        return Some(known.wa_id.to_owned());
    }
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    let plain = name.chars().all(|c| c.is_ascii_digit() || " +-".contains(c));
    (plain && digits.len() > 6).then_some(digits)
}

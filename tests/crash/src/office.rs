//! A data folder with a business in it: one workspace, one employee, one number.

use std::path::Path;
use std::sync::Arc;

use fieldline_platform::agents::outcome::Role;
use fieldline_platform::office::{NewAgent, NewChannel};
use fieldline_platform::support::{BlockingPool, Secret, SystemClock, SystemRng};
use fieldline_platform::{Office, PasswordCost, Settings};

/// Signs webhooks in all runs.
pub const APP_SECRET: &str = "app-secret-of-the-crash-tests";
/// Of the webhooks' subscription in all runs.
pub const VERIFY_TOKEN: &str = "verify-token-of-the-crash-tests";
/// Meta's id of the number.
pub const PHONE_NUMBER_ID: &str = "106540352242922";
/// Meta's id of the business account.
pub const WABA_ID: &str = "102290129340398";
/// The number as printed.
pub const DISPLAY: &str = "+1 555 078 3881";
/// Of the employee.
pub const EMAIL: &str = "employee@crash.test";
/// Of everybody.
pub const PASSWORD: &str = "a password of the crash tests";

/// A prepared data folder.
pub struct Founded {
    /// For a platform in this process.
    pub settings: Settings,
    /// Signs the employee's phone in.
    pub link_code: String,
}

/// Makes folder, key, workspace, employee, channel and link code.
pub async fn found(data: &Path, graph_url: &str) -> Founded {
    let rng = SystemRng::new();
    let env = |name: &str| {
        let value = match name {
            "FIELDLINE_DATA" => data.to_str().expect("a plain path"),
            "FIELDLINE_GRAPH_URL" => graph_url,
            "FIELDLINE_APP_SECRET" => APP_SECRET,
            "FIELDLINE_VERIFY_TOKEN" => VERIFY_TOKEN,
            _ => return None,
        };
        Some(value.to_owned())
    };
    let mut settings = Settings::from_env(&env, &rng).expect("good settings");
    settings.password_cost = PasswordCost::SMALLEST;
    let office = Office::open(
        data,
        settings.key.clone(),
        PasswordCost::SMALLEST,
        settings.base_url(),
        (Arc::new(SystemClock), Arc::new(rng), Arc::new(BlockingPool)),
    )
    .await
    .expect("an office");
    let password = || Secret::new(PASSWORD);
    let made = office.create_workspace("Bloom", "owner@crash.test", password()).await;
    let workspace = made.expect("a workspace").workspace_id;
    let agent = NewAgent {
        workspace: workspace.clone(),
        email: EMAIL.to_owned(),
        name: "Maria".to_owned(),
        role: Role::Employee,
        password: password(),
    };
    office.add_agent(agent).await.expect("an employee");
    let channel = NewChannel {
        workspace,
        phone_number_id: PHONE_NUMBER_ID.to_owned(),
        waba_id: WABA_ID.to_owned(),
        display: DISPLAY.to_owned(),
        token: Secret::new("graph-token-of-the-crash-tests"),
    };
    office.add_channel(channel).await.expect("a channel");
    let made = office.link_code(EMAIL).await;
    let Ok(made) = made else { panic!("no link code") };
    office.close().await;
    Founded { settings, link_code: made.link_code }
}

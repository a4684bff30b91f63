//! What the command line says of connections.

use std::time::Duration;

use clap::Args;

use super::Settings;
use crate::options::time;

/// The options. Each time is one such as 90s.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Connections")]
pub struct ConnectionOptions {
    /// How many connections there may be at once; one more is answered 503.
    #[arg(long, value_name = "NUMBER", default_value_t = Settings::DEFAULT.connections_max)]
    connections_max: usize,
    /// For how long a connection may be without the whole head of a request.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    idle_timeout: Duration,
    /// For how long a request's body may take to come.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    body_timeout: Duration,
    /// For how long a client may read nothing of its answer.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time)]
    write_timeout: Duration,
    /// For how long SIGTERM lets requests that are under way go on; a second one ends the server at once.
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = time)]
    stop_timeout: Duration,
}

impl ConnectionOptions {
    /// What they say.
    pub const fn settings(self) -> Settings {
        let Self { connections_max, idle_timeout, body_timeout, write_timeout, stop_timeout } = self;
        Settings { connections_max, idle_timeout, body_timeout, write_timeout, stop_timeout }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Arguments {
        #[command(flatten)]
        connections: ConnectionOptions,
    }

    #[test]
    fn the_defaults_of_the_command_line_are_those_of_the_settings() {
        let said = Arguments::parse_from(["server"]).connections.settings();
        assert_eq!(format!("{said:?}"), format!("{:?}", Settings::DEFAULT));
    }
}

// pm2 (https://pm2.keymetrics.io/docs/usage/application-declaration): miner, validator and API node as processes that are
// started again when they end, with time to drain. Start those you run:
//   pm2 start scripts/pm2/ecosystem.config.cjs --only filetao-miner
// What they run with stands in ~/.filetao/config.json or in FILETAO_… variables (docs/operating.md); nothing of it belongs here, where
// the process list would show it.

const { join } = require('node:path');

/** Above --shutdown.grace (20 s) and the time to close. */
const killMs = 45_000;

const node = (role) => ({
  name: `filetao-${role}`,
  // the program itself: a shell or npm in between would keep signals from it
  script: join(__dirname, '..', '..', 'dist', 'src', 'cli', 'main.js'),
  args: ['run', role],
  interpreter_args: '--enable-source-maps',
  exec_mode: 'fork',
  autorestart: true,
  exp_backoff_restart_delay: 500,
  // ready when it says so, not when it has been spawned
  wait_ready: true,
  listen_timeout: 120_000,
  kill_timeout: killMs,
  // the log rotates by itself with --logging.logging_dir; pm2 keeps what goes to the terminal
  merge_logs: true,
  time: false,
});

module.exports = { apps: ['miner', 'validator', 'api'].map(node) };

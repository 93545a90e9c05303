export { type Renewal, type RenewSessionsOptions, renewSessions } from './renew-sessions.ts';

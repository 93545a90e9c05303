/** What an error of the network says, by its code. It is the same for a database and for an app. */
export const NETWORK_REASONS = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  ETIMEDOUT: 'timed-out',
  ENOTFOUND: 'no-such-host',
  EAI_AGAIN: 'no-such-host',
} as const;

import type { EventSource, Logger } from '@regionkit/core';
import type { RouterEvents } from './events.ts';
import { formatEpoch } from './topology/epoch.ts';

/** What an operator should read, in one line each. */
export function logEvents(events: EventSource<RouterEvents>, logger: Logger): void {
  const say = (level: keyof Logger, message: string): void => logger[level](`db-router: ${message}`);
  events.on('primary', ({ epoch, missingForMs }) =>
    say('info', `the primary is ${formatEpoch(epoch)}; there was none for ${Math.round(missingForMs)} ms`),
  );
  events.on('primary-lost', ({ state }) => say('warn', `there is no primary (${state})`));
  events.on('fenced', ({ node, clients }) => say('warn', `${node} is fenced; ${clients} connections were destroyed`));
  events.on('probe-failed', ({ node, code }) => say('warn', `${node} cannot be asked (${code})`));
  events.on('twin-primaries', ({ timeline, owners }) =>
    say('error', `timeline ${timeline} is written by ${owners.join(' and ')}: no write goes anywhere`),
  );
  events.on('foreign-system', ({ node, system }) => say('error', `${node} is another database (system ${system})`));
  events.on('unconfirmed', ({ epoch }) =>
    say('warn', `${formatEpoch(epoch)} is not confirmed as primary: no write until it is, or confirmPrimary()`),
  );
  events.on('epoch-reset', ({ reason }) => say('warn', `an operator reset the epoch: ${reason}`));
  events.on('store-failed', ({ action }) => say('error', `the epoch store failed to ${action}`));
  events.on('suspended', () => say('warn', 'the process was suspended; every node is looked at before the next write'));
  events.on('outcome-unknown', ({ node }) => say('error', `nobody can tell whether a write on ${node} happened`));
  events.on('write-lost-suspected', ({ timeline, lsn, fork }) =>
    say('error', `a write at ${lsn} on timeline ${timeline} lies beyond the fork at ${fork}: it is probably lost`),
  );
  events.on('leak', ({ node, why }) => say('warn', `a client of ${node} leaked (${why})`));
}

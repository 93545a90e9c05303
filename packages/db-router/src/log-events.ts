import type { EventSource, Logger } from '@regionkit/core';
import type { NoticeCode, Notices } from '@regionkit/core/kit';
import type { RouterEvents } from './events.ts';
import { formatEpoch } from './history/epoch.ts';
import { regionOf } from './topology/writer.ts';

/**
 * Logs what an operator should read, one line for each event. Without a logger only the most important ones are
 * reported: the first of each kind that has a code, as a process warning.
 */
export function logEvents(events: EventSource<RouterEvents>, logger: Logger | undefined, notice: Notices): void {
  const log = (level: keyof Logger, message: string, code?: NoticeCode): void => {
    if (logger !== undefined) logger[level](`db-router: ${message}`);
    else if (code !== undefined) notice(code, `db-router: ${message}. A logger gets each of them`);
  };
  events.on('primary', ({ epoch, missingForMs }) =>
    log('info', `the primary is ${formatEpoch(epoch)}; there was none for ${Math.round(missingForMs)} ms`),
  );
  events.on('epoch-void', ({ epochs, state }) =>
    log('warn', `an operator's reset elsewhere is ${state} here: ${epochs.map(formatEpoch).join(', ')}`),
  );
  events.on('primary-lost', ({ state }) => log('warn', `there is no primary (${state})`));
  events.on('fenced', ({ node, clients }) => log('warn', `${node} is fenced; ${clients} connections were destroyed`));
  events.on('probe-failed', ({ node, code }) =>
    log('warn', `${node} cannot be probed (${code})`, 'REGIONKIT_NODE_UNREACHABLE'),
  );
  events.on('twin-primaries', ({ timeline, owners }) =>
    log(
      'error',
      `timeline ${timeline} is written by ${owners.length > 1 ? owners.join(' and ') : `two servers that are called ${owners.join()}`}: no write goes anywhere`,
      'REGIONKIT_TWIN_PRIMARIES',
    ),
  );
  events.on('foreign-system', ({ node, system }) =>
    log('error', `${node} is another database (system ${system})`, 'REGIONKIT_FOREIGN_SYSTEM'),
  );
  events.on('epoch-regressed', ({ from, to, nodes }) => {
    const where = nodes.map(({ node, inRecovery }) => `${node} ${inRecovery ? 'follows' : 'writes'} it`).join(', ');
    log(
      'error',
      `every node is on ${formatEpoch(to)} (${where}), but ${formatEpoch(from)} was known: no write goes anywhere; if the cluster was taken back, resetEpoch()`,
    );
  });
  events.on('same-server', ({ owners: [first = '', ...others] }) => {
    const isOneRegion = others.every((owner) => regionOf(owner) === regionOf(first));
    if (isOneRegion) log('info', `${[first, ...others].join(' and ')} lead to one server, the primary`);
    else
      log(
        'warn',
        `${[first, ...others].join(' and ')} lead to one server, the primary: if one should be a replica, check its URL`,
      );
  });
  events.on('unconfirmed', ({ epoch, claimedBy }) => {
    if (claimedBy === undefined)
      log('warn', `${formatEpoch(epoch)} is not confirmed as primary: no write until it is, or confirmPrimary()`);
    else
      log(
        'error',
        `only ${claimedBy} reports ${formatEpoch(epoch)}, a timeline far above every other: no write until a node or a second region shows it, ${claimedBy} withdraws it, or confirmPrimary()`,
        'REGIONKIT_UNPROVEN_PRIMARY',
      );
  });
  events.on('epoch-reset', ({ reason }) => log('warn', `an operator reset the epoch: ${reason}`));
  events.on('store-failed', ({ action, reason }) =>
    log(
      'error',
      `the epoch store failed to ${action}${reason === undefined ? '' : ` (${reason})`}`,
      'REGIONKIT_EPOCH_STORE',
    ),
  );
  events.on('suspended', () => log('warn', 'the process was suspended; every node is probed before the next write'));
  events.on('writes-paused', ({ region, forMs }) =>
    log('warn', `writes are paused by ${region} for at most ${Math.round(forMs)} ms`),
  );
  events.on('writes-resumed', ({ by, pausedMs }) =>
    log(by === 'expired' ? 'warn' : 'info', `writes go on (${by}) after ${Math.round(pausedMs)} ms`),
  );
  events.on('outcome-unknown', ({ node }) =>
    log('error', `a write on ${node} may have been executed: its outcome is unknown`),
  );
  events.on('write-lost-suspected', ({ timeline, lsn, fork }) =>
    log(
      'error',
      `a write at ${lsn} on timeline ${timeline} lies beyond the fork at ${fork}: it is probably lost`,
      'REGIONKIT_WRITE_LOST',
    ),
  );
  // Each request of a client brings it again: said once, with a logger or without.
  events.on('token-elsewhere', () =>
    notice(
      'REGIONKIT_TOKEN_ENVIRONMENT',
      'db-router: a client brought a token of another environment: its reads go to the primary. Give each environment its own token.secret, token.environment and cookie domain, the same in all its processes',
    ),
  );
  events.on('leak', ({ node, why }) => log('warn', `a client of ${node} leaked (${why})`, 'REGIONKIT_LEAK'));
}

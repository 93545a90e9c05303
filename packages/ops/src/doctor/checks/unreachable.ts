import type { Unreachable } from '../../postgres/ask.ts';
import type { Check } from '../check.ts';

const WORDS: Readonly<Record<Unreachable, readonly [evidence: string, fix: string]>> = {
  refused: ['refused the connection', 'start the server, or correct host and port in the configuration'],
  'timed-out': ['did not answer in time', 'look for a firewall between this machine and the server'],
  'no-such-host': ['has a host name without an address', 'correct the host name in the configuration'],
  'wrong-password': ['refused the login', 'correct role and password in the configuration, or pg_hba.conf'],
  'no-permission': ['answered, but its facts may not be read', 'GRANT pg_monitor TO the role of the configuration'],
  'no-database': ['has no such database', 'correct the name of the database in the configuration'],
  certificate: [
    'has a certificate that this machine does not trust',
    'renew it, or name its issuer by sslrootcert=FILE in the connection string',
  ],
  'no-tls': ['offers no TLS', 'set ssl = on on it, or correct sslmode in the connection string'],
  starting: [
    'is starting or shutting down, or is a standby with hot_standby off',
    'wait, then run doctor again; set hot_standby = on if it stays so',
  ],
  'too-old': ['is too old to be examined', 'upgrade it to PostgreSQL 15 or later'],
  malformed: [
    'answered with something that is not the facts of a PostgreSQL',
    'look what listens there: a proxy or pooler may answer in its place',
  ],
  failed: ['could not be examined', 'connect with psql from here and read the message'],
};

export const unreachable: Check = {
  id: 'unreachable',
  title: 'Every server of the configuration can be examined',
  why: 'What cannot be examined is not known to be well. A standby that only answers its own region, or a password that was changed in one region, is found on the day of the failover otherwise.',
  incident:
    'A standby that cannot be reached when it is needed: in GoCardless 2017 nothing was left that could be promoted.',
  needs: ['servers'],
  find: ({ nodes }) =>
    nodes.flatMap(({ id, answer }) => {
      if (answer.ok) return [];
      const [evidence, fix] = WORDS[answer.why];
      return [{ level: 'unknown', where: id, evidence: `${id} ${evidence}${codeOf(answer.code)}.`, fix: `${fix}.` }];
    }),
};

const codeOf = (code: string | undefined): string => (code === undefined ? '' : ` (${code})`);

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../packages/config/src/errors.ts';
import { SourceError } from '../packages/config/src/failure.ts';
import type { RegionKitError } from '../packages/core/src/errors.ts';
import { EpochStoreError } from '../packages/db-router/src/epoch-stores/epoch-store-error.ts';
import * as router from '../packages/db-router/src/errors.ts';
import { ForwardError, type ForwardErrorCode } from '../packages/db-router/src/http/errors.ts';
import { loopHere } from '../packages/db-router/src/http/refusals.ts';
import { LedgerError, type LedgerErrorCode } from '../packages/db-router/src/ledger/ledger-error.ts';
import { LabError, type LabErrorCode } from '../packages/lab/src/errors.ts';
import { OpsError } from '../packages/ops/src/errors.ts';
import * as session from '../packages/session/src/errors.ts';
import { KeySetError } from '../packages/session/src/keys/key-set-error.ts';
import { InsufficientScopeError } from '../packages/session/src/oidc/claim-doors.ts';
import { DiscoveryError } from '../packages/session/src/oidc/discovery-error.ts';
import { CookieTooLargeError } from '../packages/session/src/session-cookie.ts';

const PACKAGES = new URL('../packages/', import.meta.url);
const PAGE = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8');

/** Codes of Node and its friends that our sources name to recognise them, or to throw as Node does. */
const NOT_OURS = new Set(['ERR_INVALID_ARG_VALUE', 'ERR_SSL_', 'ERR_TLS_', 'ERR_TLS_CERT_ALTNAME_INVALID']);

/** One row of the page: the cells under `code`, `class`, `status` and `outcome`. */
interface Row {
  readonly code: string;
  readonly class: string;
  readonly status: string;
  readonly outcome: string | undefined;
}

function rowsOf(page: string): readonly Row[] {
  let columns: readonly string[] = [];
  return page.split('\n').flatMap((line) => {
    if (!line.startsWith('| ')) return [];
    const cells = line.slice(2, -2).split(' | ');
    if (cells[0] === 'code') columns = cells;
    if (cells[0]?.startsWith('`ERR_') !== true) return [];
    const cell = (name: string): string | undefined => cells[columns.indexOf(name)]?.replaceAll('`', '');
    const [code = '', className = '', status = ''] = [cell('code'), cell('class'), cell('status')];
    return [{ code, class: className, status, outcome: cell('outcome') }];
  });
}

/** Named like a warning, and none: a variable of the environment. */
const NO_WARNING = 'REGIONKIT_PG_BIN';

const CODE = /['"`](ERR_[A-Z_]+)/g;
const WARNING = /['"`](REGIONKIT_[A-Z_]+)/g;

function codesInSources(pattern = CODE): readonly string[] {
  const codes = new Set<string>();
  for (const name of readdirSync(PACKAGES)) {
    for (const file of readdirSync(new URL(`${name}/src/`, PACKAGES), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const source = readFileSync(new URL(`${name}/src/${file}`, PACKAGES), 'utf8');
      for (const [, code = ''] of source.matchAll(pattern)) {
        if (!NOT_OURS.has(code) && code !== NO_WARNING) codes.add(code);
      }
    }
  }
  return [...codes].sort();
}

const forward = (code: ForwardErrorCode, outcome: 'not-sent' | 'unknown' | 'rejected'): ForwardError =>
  new ForwardError(
    { code, outcome, proxyError: 'proxy_internal_error' },
    { self: 'a', region: 'b', retryAfterSeconds: 1 },
  );
const ledger = (code: LedgerErrorCode): LedgerError => new LedgerError(code);
const lab = (code: LabErrorCode): LabError => new LabError(code, '');

/** One of each error there is, and more of one whose status or outcome varies. */
const SAMPLES: readonly (RegionKitError & { readonly outcome?: string })[] = [
  new router.NoPrimaryError('no-primary', 'timed-out'),
  new router.NotPrimaryRegionError('a'),
  new router.ReplicaBehindError(),
  new router.NoReadableNodeError(),
  new router.NodeUnavailableError('a/0'),
  new router.NodeFencedError('a/0'),
  new router.OutcomeUnknownError('a/0'),
  new router.RolledBackError('commit-said-rollback'),
  new router.RolledBackError('connection-lost'),
  new router.AdvisoryLockError(),
  new router.NestedTransactionError(),
  new router.TransactionClosedError(),
  new router.TransactionControlError(),
  new router.TransactionControlError('unknown'),
  new router.TransactionLeakedError(),
  new router.TransactionLeftOpenError('rolled-back'),
  new router.TransactionLeftOpenError('unknown'),
  new router.BatchStatementError(0, 'shape'),
  new router.PauseRefusedError('no-primary'),
  new router.AbortedError(),
  new router.AbortedError('rolled-back'),
  new router.AbortedError('unknown'),
  new router.RouterClosedError(),
  new EpochStoreError('epochFile', 'in-use'),
  ledger('ERR_IDEMPOTENCY_KEY'),
  ledger('ERR_IDEMPOTENCY_IN_PROGRESS'),
  ledger('ERR_IDEMPOTENCY_REUSED'),
  ledger('ERR_LEDGER_ANSWER'),
  ledger('ERR_LEDGER_TABLE'),
  forward('ERR_FORWARD_BUSY', 'not-sent'),
  forward('ERR_FORWARD_CLIENT_BUSY', 'not-sent'),
  forward('ERR_FORWARD_CLOSED', 'not-sent'),
  forward('ERR_FORWARD_BODY_CONSUMED', 'not-sent'),
  forward('ERR_FORWARD_BAD_REQUEST', 'not-sent'),
  forward('ERR_FORWARD_HEAD_TOO_LARGE', 'not-sent'),
  forward('ERR_FORWARD_TRANSFER_CODING', 'not-sent'),
  forward('ERR_FORWARD_REGION_DOWN', 'not-sent'),
  forward('ERR_FORWARD_UNREACHABLE', 'not-sent'),
  forward('ERR_FORWARD_NOT_PRIMARY', 'rejected'),
  forward('ERR_FORWARD_INTERRUPTED', 'unknown'),
  forward('ERR_FORWARD_TIMEOUT', 'unknown'),
  forward('ERR_FORWARD_BAD_ANSWER', 'unknown'),
  forward('ERR_FORWARD_UNMARKED_ANSWER', 'unknown'),
  forward('ERR_FORWARD_INCOMPLETE', 'unknown'),
  forward('ERR_FORWARD_CLIENT_IDLE', 'not-sent'),
  forward('ERR_FORWARD_CLIENT_IDLE', 'unknown'),
  forward('ERR_FORWARD_CLIENT_GONE', 'not-sent'),
  forward('ERR_FORWARD_CLIENT_GONE', 'unknown'),
  new session.MissingTokenError(),
  new session.AmbiguousCredentialsError(),
  new session.InvalidTokenError('expired'),
  new session.InsufficientRoleError(),
  new session.VerifierUnavailableError(),
  new KeySetError('empty'),
  new CookieTooLargeError(5_000),
  new session.NoSessionDoorError(),
  new InsufficientScopeError(['read:orders']),
  new DiscoveryError('issuer'),
  new ConfigError('ERR_CONFIG_START', ''),
  new ConfigError('ERR_CONFIG_EXPIRED', ''),
  new SourceError('timeout'),
  lab('ERR_LAB_PLATFORM'),
  lab('ERR_LAB_NO_POSTGRES'),
  lab('ERR_LAB_ACCOUNT'),
  lab('ERR_LAB_DIRECTORY'),
  lab('ERR_LAB_PORT_TAKEN'),
  lab('ERR_LAB_SERVER'),
  lab('ERR_LAB_TIMEOUT'),
  lab('ERR_LAB_STATE'),
  lab('ERR_LAB_CLOSED'),
  new OpsError('ERR_OPS_CONFIG', ''),
  new OpsError('ERR_OPS_USAGE', ''),
];

describe('docs/errors.md', () => {
  const rows = rowsOf(PAGE);

  it('has one row for each code that the sources name, and for no other', () => {
    expect(rows.map(({ code }) => code).sort()).toEqual(codesInSources());
  });

  it('names no code in its text that has no row', () => {
    const named = new Set(PAGE.match(/ERR_[A-Z_]+/g));
    expect([...named].sort()).toEqual(codesInSources());
  });

  it('has one row for each warning that the sources name, and for no other', () => {
    const listed = [...PAGE.matchAll(/^\| `(REGIONKIT_[A-Z_]+)`/gm)].map(([, code]) => code);
    expect(listed.toSorted()).toEqual(codesInSources(WARNING));
  });

  it('gives the class, the status and the outcome that the errors have', () => {
    const loop = JSON.parse(String(loopHere('a').body));
    expect(rows.find(({ code }) => code === loop.code)).toMatchObject({
      class: 'an answer only',
      status: String(loopHere('a').status),
      outcome: loop.outcome ?? 'none',
    });
    for (const row of rows.filter(({ code }) => code !== loop.code)) {
      const errors = SAMPLES.filter(({ code }) => code === row.code);
      const all = (values: readonly unknown[]): string[] => [...new Set(values.map(String))].sort();
      expect(all(errors.map(({ name }) => name)), row.code).toEqual([row.class]);
      expect(all(errors.map(({ status }) => status)), row.code).toEqual(row.status.split(' or '));
      expect(all(errors.flatMap(({ outcome }) => outcome ?? [])), row.code).toEqual(row.outcome?.split(', ') ?? []);
    }
  });
});

import { check } from '@regionkit/core/kit';
import type { FailoverConfig, Hook } from './failover-config.ts';
import type { Secret } from './secret.ts';

export interface CheckedHook {
  readonly command: readonly string[] | undefined;
  readonly webhook: string | undefined;
  readonly timeoutMs: number;
}

export type HookName = keyof NonNullable<FailoverConfig['hooks']>;

export interface FailoverSettings {
  readonly adapter: NonNullable<FailoverConfig['adapter']>;
  readonly appRoles: readonly string[];
  readonly patroniLogin: string | undefined;
  /** 0: the operator doors pause no writes. */
  readonly pauseSeconds: number;
  readonly hooks: Readonly<Record<HookName, readonly CheckedHook[]>>;
}

export type ReadSecret = (option: string, given: Secret) => string;

const HOOKS: readonly HookName[] = ['fence', 'pause', 'resume', 'scale', 'told', 'rebuild'];

export function checkFailover(given: FailoverConfig, readSecret: ReadSecret): FailoverSettings {
  check.object('config: failover', given, ['adapter', 'appRoles', 'patroniLogin', 'pauseSeconds', 'hooks']);
  const { adapter = 'postgres', appRoles = [], hooks = {} } = given;
  check.object('config: failover.hooks', hooks, HOOKS as HookName[]);
  return {
    adapter: check.oneOf('config: failover.adapter', adapter, ['postgres', 'patroni', 'rds']),
    appRoles: list('config: failover.appRoles', appRoles).map((role) =>
      check.string('config: failover.appRoles', role),
    ),
    patroniLogin:
      given.patroniLogin === undefined ? undefined : readSecret('config: failover.patroniLogin', given.patroniLogin),
    pauseSeconds: check.integer('config: failover.pauseSeconds', given.pauseSeconds ?? 30, { max: 60 }),
    hooks: Object.fromEntries(
      HOOKS.map((name) => [name, checkHooks(`config: failover.hooks.${name}`, hooks[name] ?? [], readSecret)]),
    ) as Record<HookName, CheckedHook[]>,
  };
}

export function checkHooks(option: string, hooks: readonly Hook[], readSecret: ReadSecret): readonly CheckedHook[] {
  return list(option, hooks).map((hook, at) => checkHook(`${option}[${at}]`, hook, readSecret));
}

function checkHook(option: string, hook: Hook, readSecret: ReadSecret): CheckedHook {
  check.object(option, hook as { command?: unknown; webhook?: unknown; timeoutSeconds?: unknown }, [
    'command',
    'webhook',
    'timeoutSeconds',
  ]);
  const timeoutMs =
    check.integer(`${option}.timeoutSeconds`, hook.timeoutSeconds ?? 10, { min: 1, max: 3_600 }) * 1_000;
  if ('command' in hook === 'webhook' in hook) throw new TypeError(`${option} must have a command or a webhook`);
  if ('webhook' in hook) {
    return {
      command: undefined,
      webhook: mustBeHttp(`${option}.webhook`, readSecret(option, hook.webhook)),
      timeoutMs,
    };
  }
  const command = list(`${option}.command`, hook.command);
  if (!command.every((word) => typeof word === 'string'))
    throw new TypeError(`${option}.command must be a list of strings`);
  check.string(`${option}.command[0]`, command[0]);
  return { command, webhook: undefined, timeoutMs };
}

/** The message must not contain the value: the address of a webhook is often a secret. */
function mustBeHttp(option: string, given: string): string {
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    throw new RangeError(`${option} must be a URL that begins with https://`);
  }
  return given;
}

function list<T>(option: string, given: readonly T[]): readonly T[] {
  if (!Array.isArray(given)) throw new TypeError(`${option} must be a list`);
  return given;
}

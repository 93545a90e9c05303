import type { Operations } from '../config/check-config.ts';
import { isFenced } from '../failover/survey/situation.ts';
import { askOldServers, type OldServer } from './old-servers.ts';
import { tryLogin } from './try-login.ts';

/** `open`: the app may still write there, or it could not be proved that it may not. */
export interface FenceProof {
  readonly state: 'fenced' | 'unreachable' | 'open';
  readonly says: string;
}

/** Measures that the app can write to no server of `region`. */
export async function proveFence(
  config: Operations,
  region: string,
  target: string | undefined,
  signal: AbortSignal,
): Promise<FenceProof> {
  const app = config.regions.find(({ name }) => name === region)?.app;
  const servers = await askOldServers(config, region, target, signal);
  const proofs = await Promise.all(servers.map((server) => prove(server, app, signal)));
  const state =
    (['open', 'unreachable'] as const).find((kind) => proofs.some((proof) => proof.state === kind)) ?? 'fenced';
  return { state, says: proofs.map(({ says }) => says).join('; ') || `${region} has no server in the configuration` };
}

async function prove(
  { node: { id, region }, answer }: OldServer,
  app: string | undefined,
  signal: AbortSignal,
): Promise<FenceProof> {
  if (!answer.ok) {
    return ['refused', 'timed-out', 'no-such-host'].includes(answer.why)
      ? {
          state: 'unreachable',
          says: `${id} cannot be reached (${answer.why}): whether the app can reach it is not known`,
        }
      : { state: 'open', says: `${id} answers, but could not be examined (${answer.why})` };
  }
  const state = answer.value;
  if (state.inRecovery) return { state: 'fenced', says: `${id} is a standby: it takes no writes` };
  const { apps } = state;
  if (apps.length === 0)
    return { state: 'open', says: `${id} takes writes, and no role of the app is known (failover.appRoles)` };
  if (!isFenced({ id, region, state })) {
    const open = apps.filter(({ canLogin, sessions }) => canLogin || sessions > 0);
    return {
      state: 'open',
      says: `${id} takes writes, and ${open.map(({ name, canLogin, sessions }) => `${name} ${canLogin ? 'may log in' : `has ${sessions} sessions`}`).join(', ')}`,
    };
  }
  const roles = apps.map(({ name }) => name).join(', ');
  if (app === undefined)
    return {
      state: 'fenced',
      says: `on ${id} ${roles} may not log in and has no session (not tried: regions['${region}'].app is not configured)`,
    };
  const login = await tryLogin(app, signal);
  return login.ok
    ? { state: 'open', says: `${id}: the app has logged in` }
    : {
        state: 'fenced',
        says: `on ${id} ${roles} may not log in and has no session; a login was refused (${login.code ?? login.why})`,
      };
}

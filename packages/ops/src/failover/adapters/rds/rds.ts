import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeTarget, Operations } from '../../../config/check-config.ts';
import { StepFailure } from '../../steps/step.ts';
import type { ManagerObjection } from '../../survey/situation.ts';
import type { Adapter } from '../adapter.ts';
import { type InstanceArn, readInstanceArn } from './arn.ts';
import { openRds, type RdsAnswer, type RdsApi } from './client.ts';
import { objectToReplica, promotionUnderWay, type RdsInstance } from './instance.ts';
import { isSameHost } from './same-server.ts';

/** RDS allows few requests a second, and a run looks again and again. */
const FRESH_MS = 5_000;
const AGAIN_MS = 2_000;
/** RDS promotes within minutes: it backs the instance up before, and restarts it. */
const WITHIN_MS = 1_800_000;
/** So long a replica that RDS changes is waited for before its promotion is asked for. */
const CHANGE_MS = 600_000;

/**
 * Read replicas of Amazon RDS for PostgreSQL, by `PromoteReadReplica` in the region of the replica. RDS has no switchover
 * for PostgreSQL: the fence stops the old primary's app, and the old primary must be rebuilt afterwards. Tested against a
 * fake of the API; never run against AWS.
 */
export function rdsAdapter(
  { nodes }: Operations,
  open: () => Promise<RdsApi> = openRds,
  waits: { readonly againMs: number; readonly changeMs: number } = { againMs: AGAIN_MS, changeMs: CHANGE_MS },
): Adapter {
  let api: Promise<RdsApi> | undefined;
  const asked = new Map<string, { readonly atMs: number; readonly answer: RdsAnswer<RdsInstance> }>();
  const rds = (): Promise<RdsApi> => {
    api ??= open();
    return api;
  };
  const target = (id: string): { readonly node: NodeTarget; readonly arn: InstanceArn } => {
    const node = nodes.find((one) => one.id === id) as NodeTarget;
    // The configuration was checked: every server has an ARN.
    return { node, arn: readInstanceArn(node.rds as string) as InstanceArn };
  };
  const describe = async (id: string, signal: AbortSignal, freshMs: number): Promise<RdsAnswer<RdsInstance>> => {
    const known = asked.get(id);
    if (known !== undefined && performance.now() - known.atMs < freshMs) return known.answer;
    const answer = await (await rds()).describe(target(id).arn, signal);
    asked.set(id, { atMs: performance.now(), answer });
    return answer;
  };
  const object = async (id: string, isStandby: boolean, signal: AbortSignal): Promise<ManagerObjection | undefined> => {
    const { node, arn } = target(id);
    const answer = await describe(id, signal, FRESH_MS);
    const about = `${arn.instance} in ${arn.region}`;
    if (!answer.ok) return { why: `${about}: ${answer.says}`, passes: false };
    const instance = answer.value;
    if (!(await isEndpointOf(node, instance))) {
      return { why: `${about} is not the server of the configuration's connection string`, passes: false };
    }
    if (isStandby) {
      const objection = objectToReplica(instance);
      return objection && { ...objection, why: `${about}: ${objection.why}` };
    }
    return instance.status === 'available' ? undefined : { why: `${about} is not available`, passes: true };
  };

  return {
    name: 'rds',
    demotes: false,
    promoteWithinMs: WITHIN_MS,
    // A server that does not answer is not asked for: the control plane of a lost region answers no better.
    async survey(signal, surveyed) {
      const known = (await surveyed).flatMap(({ id, answer }) => (answer.ok ? [{ id, ...answer.value }] : []));
      const found = await Promise.all(
        known.map(async ({ id, inRecovery }) => [id, await object(id, inRecovery, signal)] as const),
      );
      const objections = found.flatMap(([id, objection]) =>
        objection === undefined ? [] : [[id, objection] as const],
      );
      return { name: 'Amazon RDS', refuses: undefined, rewinds: false, objections: new Map(objections) };
    },
    async promote({ target: id }, signal) {
      const { arn } = target(id);
      const untilMs = performance.now() + waits.changeMs;
      for (;;) {
        const answer = await describe(id, signal, 0);
        if (!answer.ok) throw new StepFailure(`${id} was not promoted: ${answer.says}`);
        const { status, isReplica } = answer.value;
        if (!isReplica) return;
        if (!isChanging(status)) {
          const promoted = await (await rds()).promote(arn, signal);
          asked.delete(id);
          if (promoted.ok) return;
          // The SDK sends again what had no answer: the first request may have come through.
          const after = promoted.name === 'InvalidDBInstanceStateFault' ? await describe(id, signal, 0) : undefined;
          if (after?.ok === true && !after.value.isReplica) return;
          if (after?.ok !== true || !isChanging(after.value.status)) {
            const wait = promoted.name === 'InvalidDBInstanceStateFault' ? '; wait until it is available' : '';
            throw new StepFailure(`${id} could not be promoted: ${promoted.says}${wait}`);
          }
        }
        // It is promoted already, or changed for another reason. Only the end of the change shows which.
        if (signal.aborted || performance.now() > untilMs) {
          throw new StepFailure(`${id} could not be promoted yet: RDS changes it; wait until it is available`);
        }
        await pause(signal, waits.againMs);
      }
    },
    async underWay(id, signal) {
      const known = asked.get(id);
      if (known !== undefined && performance.now() - known.atMs < waits.againMs) await pause(signal, waits.againMs);
      const answer = await describe(id, signal, waits.againMs);
      // The server has proved it. An API that does not answer must not stop a failover.
      return answer.ok ? promotionUnderWay(answer.value) : undefined;
    },
  };
}

const pause = (signal: AbortSignal, ms: number): Promise<unknown> => sleep(ms, undefined, { signal }).catch(() => {});

/** A promotion shows as one of these, and so do other changes. */
const isChanging = (status: string): boolean => status === 'modifying' || status === 'rebooting';

async function isEndpointOf({ url }: NodeTarget, { address, port }: RdsInstance): Promise<boolean> {
  if (address === undefined || port === undefined) return false;
  const { hostname, port: given } = new URL(url);
  return Number(given === '' ? 5_432 : given) === port && (await isSameHost(hostname, address));
}

import type { Operations } from '../../config/check-config.ts';
import type { CheckedHook, HookName } from '../../config/check-failover.ts';
import { readInstanceArn } from '../../failover/adapters/rds/arn.ts';
import type { Check, Found } from '../check.ts';

/** Hooks without which a failover stops. `told` never stops one. */
const NEEDED: readonly HookName[] = ['fence', 'pause', 'resume', 'scale', 'rebuild'];
/** Services whose control plane is in one region of AWS, for all regions. */
const GLOBAL_SERVICE = /\b(?:route53|route 53|cloudfront|globalaccelerator)\b/i;

export const planControlPlane: Check = {
  id: 'plan-control-plane',
  title: 'A failover needs no control plane of the lost region',
  why: 'The region that is lost takes its APIs with it: an instance that must be promoted through them is not promoted, and DNS that must be changed through them is not changed. Changes of Route 53 and CloudFront go through one region for all.',
  incident:
    'Control planes that were gone with the region, and launches that were throttled: AWS us-east-1 in October 2025.',
  needs: [],
  find: ({ config }) => [...sharedRegions(config), ...sharedManagers(config), ...hooks(config)],
};

/** Each region promotes by the API of its own region of AWS. */
function sharedRegions({ nodes }: Operations): readonly Found[] {
  const used = nodes.flatMap(({ region, rds }) => {
    const aws = rds === undefined ? undefined : readInstanceArn(rds)?.region;
    return aws === undefined ? [] : [{ region, aws }];
  });
  return firstOfAnother(used.map(({ region, aws }) => [region, aws])).map(([region, other, aws]) => ({
    level: 'fault',
    where: region,
    evidence: `The DB instances of ${other} and ${region} are both in ${aws}: the loss of it takes both and their API.`,
    fix: `Create the read replica of ${region} in another region of AWS, or correct its ARN (regions['${region}'].rds).`,
  }));
}

function sharedManagers({ regions }: Operations): readonly Found[] {
  const used = regions.flatMap(({ name, patroni }) => (patroni === undefined ? [] : [[name, patroni] as const]));
  return firstOfAnother(used).map(([region, other]) => ({
    level: 'fault',
    where: region,
    evidence: `${other} and ${region} have one Patroni REST API: it is lost with the region where it stands.`,
    fix: `Give regions['${region}'].patroni the address of the agent beside its own server.`,
  }));
}

/** Each region that has a value of another region, that region, and the value. */
function firstOfAnother(
  pairs: readonly (readonly [region: string, value: string])[],
): readonly (readonly [region: string, other: string, value: string])[] {
  const owner = new Map<string, string>();
  const found = new Map<string, readonly [string, string, string]>();
  for (const [region, value] of pairs) {
    const other = owner.get(value);
    if (other === undefined) owner.set(value, region);
    else if (other !== region) found.set(region, [region, other, value]);
  }
  return [...found.values()];
}

function hooks({ failover, regions }: Operations): readonly Found[] {
  const hosts = new Map(
    regions.flatMap(({ name, origin }) => (origin === undefined ? [] : [[new URL(origin).hostname, name] as const])),
  );
  return NEEDED.flatMap((name) =>
    failover.hooks[name].flatMap((hook, at): readonly Found[] => {
      const where = 'fleet';
      const which = `failover.hooks.${name}[${at}]`;
      if (GLOBAL_SERVICE.test(textOf(hook))) {
        return [
          {
            level: 'warning',
            where,
            evidence: `${which} uses a service of AWS whose control plane is in one region for all.`,
            fix: 'Let health checks move DNS. Do not change DNS in a failover.',
          },
        ];
      }
      const region = hook.webhook === undefined ? undefined : hosts.get(new URL(hook.webhook).hostname);
      if (region === undefined) return [];
      return [
        {
          level: 'warning',
          where,
          evidence: `${which} is posted to the app of ${region}: it fails when ${region} is lost.`,
          fix: 'Post it to a host outside of all regions, or use a command.',
        },
      ];
    }),
  );
}

/** Words of a command, or the host of a webhook. Never printed. */
const textOf = ({ command, webhook }: CheckedHook): string => command?.join(' ') ?? new URL(webhook as string).hostname;

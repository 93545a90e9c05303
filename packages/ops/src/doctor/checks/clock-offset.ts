import type { Check } from '../check.ts';
import { type Fleet, known } from '../fleet.ts';
import { duration } from '../say.ts';

export const clockOffset: Check = {
  id: 'clock-offset',
  title: 'All clocks agree',
  why: 'Sessions, signed requests between regions and certificates have times in them. A machine whose clock is wrong refuses what is valid, or accepts what is not; timestamps of rows and logs cannot be compared after an incident.',
  incident: 'Valid tokens, signatures or certificates refused by one machine alone.',
  needs: ['clocks'],
  find: (fleet) => {
    const limitMs = fleet.config.limits.clockMs;
    const all = [...known(fleet), ...regions(fleet)];
    const isOff = ({ aheadMs, uncertainMs }: Clock): boolean => Math.abs(aheadMs) - uncertainMs > limitMs;
    const off = all.filter(isOff);
    const spread = Math.max(...all.map(({ aheadMs }) => aheadMs)) - Math.min(...all.map(({ aheadMs }) => aheadMs));
    if (all.length > 1 && off.length === all.length && spread < limitMs) {
      return [
        {
          level: 'fault',
          where: 'fleet',
          evidence: `The clock of this machine is ${apart(-(all[0] as Clock).aheadMs)} all others.`,
          fix: 'Correct the clock of this machine (NTP, chrony), or of all others.',
        },
      ];
    }
    return off.map(({ id, aheadMs }) => ({
      level: 'fault',
      where: id,
      evidence: `The clock of ${id} is ${apart(aheadMs)} the clock of this machine.`,
      fix: `Start time synchronisation (chrony, systemd-timesyncd) on the machine of ${id}.`,
    }));
  },
};

interface Clock {
  readonly id: string;
  readonly aheadMs: number;
  readonly uncertainMs: number;
}

/** The `Date` of an answer is a whole second, and some servers write it once a second. */
function regions({ front }: Fleet): readonly Clock[] {
  return front.regions.flatMap(({ region, health }) => {
    if (!health.ok || health.value.dateMs === undefined) return [];
    const { dateMs, askedAtMs, uncertainMs } = health.value;
    return [{ id: region, aheadMs: dateMs + 500 - askedAtMs, uncertainMs: uncertainMs + 1_000 }];
  });
}

const apart = (aheadMs: number): string => `${duration(aheadMs)} ${aheadMs > 0 ? 'ahead of' : 'behind'}`;

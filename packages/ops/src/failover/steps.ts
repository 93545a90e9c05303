import type { Plan } from './plan.ts';
import { announce } from './steps/announce.ts';
import { apps } from './steps/apps.ts';
import { confirm } from './steps/confirm.ts';
import { dns } from './steps/dns.ts';
import { fence } from './steps/fence.ts';
import { fork } from './steps/fork.ts';
import { logins } from './steps/logins.ts';
import { loss } from './steps/loss.ts';
import { pause, resumeWrites } from './steps/pause.ts';
import { promote } from './steps/promote.ts';
import { rebuild } from './steps/rebuild.ts';
import { salvage } from './steps/salvage.ts';
import { scale, scaled } from './steps/scale.ts';
import { stable } from './steps/stable.ts';
import type { FailoverStep } from './steps/step.ts';
import { told } from './steps/told.ts';
import { write } from './steps/write.ts';

const STEPS: readonly FailoverStep[] = [
  confirm,
  announce,
  pause,
  fence,
  loss,
  scale,
  promote,
  logins,
  write,
  resumeWrites,
  fork,
  apps,
  dns,
  scaled,
  stable,
  told,
  salvage,
  rebuild,
];

/** The steps of a plan, in their order. */
export const stepsOf = (plan: Plan): readonly FailoverStep[] =>
  STEPS.filter(({ isPlanned }) => isPlanned?.(plan) ?? true);

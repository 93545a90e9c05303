export { LabError, type LabErrorCode, type LabErrorOptions } from './errors.ts';
export { createLab, type Lab } from './lab.ts';
export type { LabOptions, RoundTrips } from './options.ts';
export type { Setting, Settings } from './postgres/settings.ts';
export type { LabPoolOptions, LabRegion, Promotion } from './region.ts';

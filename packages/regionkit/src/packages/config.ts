export * from '@regionkit/config';

/** All messages between the extension and its pages; what the extension may import of this folder. */

export * from './fit/messages.ts';
export * from './model/messages.ts';
export * from './monitor/messages.ts';
export * from './packed.ts';
export * from './plan/messages.ts';

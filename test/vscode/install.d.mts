export const server: string;
export const node: string;
export function isInstalled(): boolean;
export function install(): string | undefined;

import '../base.css';
import './plan.css';
import './charts.css';
import './lists.css';
import './codeTile.css';
import { connectHost } from '../host.ts';
import { useTexts } from '../text.ts';
import { registerUi } from '../ui.ts';
import { type FromPlanPage, type ToPlanPage, toPlanPage } from './messages.ts';
import { createPlanPage, type PlanPage } from './page.ts';

registerUi();

let page: PlanPage | undefined;
const host = connectHost<ToPlanPage, FromPlanPage>(toPlanPage, (message) => {
  // The first message brings the texts, which the parts take when they are made.
  if (message.type === 'settings' && message.texts !== undefined) useTexts(message.texts);
  const root = document.getElementById('root');
  if (root === null) return;
  page ??= createPlanPage(root, host);
  page.receive(message);
});

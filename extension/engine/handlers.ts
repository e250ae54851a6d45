/** All that the engine does for the views, by name. Each file of handlers knows one view's work. */

import { comparePlan } from './compare.ts';
import { describeChoice, describeFit, editForFit, searchFit, stopFit } from './fit.ts';
import { modelHandlers } from './model.ts';
import { forgetModel, openModel } from './models.ts';
import { newPlan } from './newPlan.ts';
import { drawPlan, pricePlan, togglePlan } from './plans.ts';
import { answerFile, simulate, stopSimulation } from './simulate.ts';

export const handlers = {
  openModel,
  forgetModel,
  drawPlan,
  togglePlan,
  pricePlan,
  comparePlan,
  newPlan,
  simulate,
  stopSimulation,
  answerFile,
  describeFit,
  searchFit,
  stopFit,
  describeChoice,
  editForFit,
  ...modelHandlers,
} as const;

export type Engine = typeof handlers;

// SPDX-License-Identifier: Apache-2.0
import type { UseCase } from '../../types';
import { educationUseCases } from './education';
import { energyUseCases } from './energy';
import { financeUseCases } from './finance';
import { healthcareUseCases } from './healthcare';
import { logisticsUseCases } from './logistics';
import { manufacturingUseCases } from './manufacturing';
import { mediaUseCases } from './media';
import { publicSectorUseCases } from './public-sector';
import { retailUseCases } from './retail';

export const useCases: UseCase[] = [
  ...healthcareUseCases,
  ...financeUseCases,
  ...retailUseCases,
  ...manufacturingUseCases,
  ...logisticsUseCases,
  ...energyUseCases,
  ...educationUseCases,
  ...publicSectorUseCases,
  ...mediaUseCases,
];

export const useCasesOf = (industryId: string): UseCase[] =>
  useCases.filter((useCase) => useCase.industry === industryId);

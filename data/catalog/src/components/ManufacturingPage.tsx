// SPDX-License-Identifier: Apache-2.0
import React from 'react';
import { Hero } from './Hero';
import { UseCaseGrid } from './UseCaseGrid';

export function ManufacturingPage() {
  return (
    <>
      <Hero heading="The line that does not stop" image="/img/line.svg" imageAlt="Bottles on a conveyor, one marked in red">
        <p>Hear the bearing before it screams. See the scratch at thirty pictures a second.</p>
      </Hero>
      <UseCaseGrid industryId="manufacturing" />
      <table>
        <caption>What you need at the start</caption>
        <thead>
          <tr>
            <th>Assistant</th>
            <th>Data</th>
            <th>First result</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <td>Predictive maintenance</td>
            <td>Motor current and temperature</td>
            <td>After four weeks</td>
          </tr>
          <tr>
            <td>Visual defect inspection</td>
            <td>Good parts and twenty bad ones of each kind</td>
            <td>After two days</td>
          </tr>
          <tr>
            <td>Work instructions</td>
            <td>Your released documents</td>
            <td>The next morning</td>
          </tr>
          <tr>
            <td>Spare parts planning</td>
            <td>Three years of issues and purchase orders</td>
            <td>After a week</td>
          </tr>
        </tbody>
      </table>
    </>
  );
}

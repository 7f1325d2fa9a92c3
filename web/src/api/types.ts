/** The API's shapes under the names that the app uses. */
import type { components } from "./schema";

type Shapes = components["schemas"];

export type User = Shapes["UserRow"];
export type Company = Shapes["CompanyRow"];
export type Pull = Shapes["PullRow"];
export type Result = Shapes["ResultRow"];

export type Rows = Shapes["ChangedRows"];
export type Collection = keyof Rows;
export type Depot = Shapes["DepotRow"];
export type Vehicle = Shapes["VehicleRow"];
export type Equipment = Shapes["EquipmentRow"];
export type Customer = Shapes["CustomerRow"];
export type CustomerRate = Shapes["CustomerRateRow"];
export type Meter = Shapes["MeterRow"];
export type Balance = Shapes["InventoryRow"];
export type Distribution = Shapes["DistributionRow"];
export type Transaction = Shapes["TransactionRow"];
export type Invoice = Shapes["InvoiceRow"];
export type OpenInvoice = Shapes["OpenInvoiceOfCustomer"];
export type Payment = Shapes["PaymentRow"];
export type Credit = Shapes["CreditRow"];
export type Sale = Shapes["SaleRow"];
export type DayClose = Shapes["DayCloseRow"];

export type SaleBody = Shapes["SaleInputRequest"];
export type SaleItem = Shapes["SaleItemInputRequest"];
export type PaymentBody = Shapes["PaymentInputRequest"];
export type DistributionBody = Shapes["DistributionInputRequest"];
export type DistributionItem = Shapes["ItemInputRequest"];
export type ConfirmBody = Shapes["ConfirmInputRequest"];
export type ReadingBody = Shapes["ReadingInputRequest"];
export type EmailBody = Shapes["EmailInputRequest"];
export type DayCloseBody = Shapes["DayCloseInputRequest"];
export type Method = PaymentBody["method"];
export type Condition = "FULL" | "EMPTY" | "DAMAGED";

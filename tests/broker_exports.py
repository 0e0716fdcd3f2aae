"""Exports of positions in the shape of each broker's, with what they hold; all positions are made up."""

# ruff: noqa: E501 - lines of files, as they are printed

EXPORTS = {
    "fidelity": """\
\ufeffAccount Number,Account Name,Symbol,Description,Quantity,Last Price,Last Price Change,Current Value,Today's Gain/Loss Dollar,Today's Gain/Loss Percent,Total Gain/Loss Dollar,Total Gain/Loss Percent,Percent Of Account,Cost Basis Total,Average Cost Basis,Type
Z1,Individual - TOD,NVDA,NVIDIA CORPORATION COM,100,$181.36,-$5.24,$18136.00,-$524.00,-2.81%,+$9136.00,+101.51%,60.00%,$9000.00,$90.00,Margin,
Z1,Individual - TOD, -NVDA260116C200,NVDA JAN 16 2026 $200 CALL,-1,$7.10,+$0.10,-$710.00,--,--,--,--,-2.3%,$600.00,$6.00,Margin,
Z1,Individual - TOD,TSLA,TESLA INC COM,-10,$400.00,--,-$4000.00,--,--,--,--,-12%,$4100.00,$410.00,Short,
Z1,Individual - TOD,912797SA6,UNITED STATES TREAS BILLS ZERO CPN 0.00000% 01/22/2026,5000,$99.30,--,$4965.00,--,--,--,--,15%,$4900.00,$98.00,Cash,
Z1,Individual - TOD,SPAXX**,HELD IN MONEY MARKET,,,,$4000.00,,,,,13.2%,,,Cash,
Z1,Individual - TOD,FXAIX,FIDELITY 500 INDEX FUND,10.123,$230.00,,$2328.29,,,,,7%,,,Cash,
Z1,Individual - TOD,Pending Activity,,,,,-$1201.00,,,,,,,,

"The data and information in this spreadsheet is provided to you solely for your use and is not for distribution. The information is not intended to provide advice, nor should it be construed as an offer to sell, a solicitation of an offer to buy."

"Date downloaded Nov-18-2025 4:30 p.m ET"
""",
    "schwab": """\
"Positions for account Individual ...678 as of 04:48 PM ET, 2025/11/18"

"Symbol","Description","Qty (Quantity)","Price","Price Chng % (Price Change %)","Price Chng $ (Price Change $)","Mkt Val (Market Value)","Day Chng % (Day Change %)","Day Chng $ (Day Change $)","Cost Basis","Gain $ (Gain/Loss $)","Gain % (Gain/Loss %)","Ratings","Reinvest?","Reinvest Capital Gains?","% of Acct (% of Account)","Security Type",
"NVDA","NVIDIA CORP","100","181.36","-2.81%","-5.24","$18,136.00","-2.81%","-$524.00","$9,000.00","$9,136.00","101.51%","A","No","N/A","60.4%","Equity",
"NVDA 01/16/2026 200.00 C","CALL NVIDIA CORP $200 EXP 01/16/26","-2","7.10","0%","0","-$1,420.00","0%","$0","$1,300.00","-$120.00","-9%","--","N/A","N/A","-4.7%","Option",
"SPY","SPDR S&P 500 ETF","10","660.00","0%","0","$6,600.00","0","0","$1","$1","1%","--","No","N/A","22%","ETFs & Closed End Funds",
"SWVXX","SCHWAB VALUE ADVANTAGE MONEY INVESTOR","1,000","1.00","0%","0","$1,000.00","0","0","$1","$1","1%","--","No","N/A","3%","Mutual Fund",
"912828YY0","US TREASURY NOTE 1.75% 12/31/26","10,000","98.2","0%","0","$9,820.00","0","0","$1","$1","1%","--","No","N/A","3%","Fixed Income",
"Cash & Cash Investments","--","--","--","0%","$0.00","$5,692.04","0%","$0.00","N/A","N/A","N/A","--","--","--","19%","Cash and Money Market",
"Positions Total","","--","--","-2.5%","-$524.00","$39,828.04","-2.5%","-$524.00","$9,000.00","$9,136.00","101.51%","--","--","--","--","--",
""",
    "interactive brokers tws": """\
Financial Instrument,Position,Market Price,Market Value,Average Price,Unrealized P&L
NVDA NASDAQ.NMS,100,181.36,"18,136.00",90.00,"9,136.00"
BRK B NYSE,4,500.00,"2,000.00",450.00,200.00
MSFT NASDAQ.NMS,10,C490.00,"4,900.00",160.00,"3,300.00"
""",
    "etrade": """\
Account Summary

Account,Net Account Value,Total Gain $,Total Gain %,Day's Gain Unrealized $,Day's Gain Unrealized %,Available For Withdrawal,Cash Purchasing Power
"Individual Brokerage -1234",28036.00,12436.00,80.00,-510.00,-1.79,5000.00,5000.00

View Summary - All Positions

Filters
Symbol,Security Type,
,All

Symbol,Last Price $,Change $,Change %,Quantity,Price Paid $,Day's Gain $,Total Gain $,Total Gain %,Value $
NVDA,181.36,-5.24,-2.81,100,90.00,-524.00,9136.00,101.51,18136.00
MSFT,490.00,1.24,0.25,10,160.00,12.40,3300.00,206.25,4900.00
NVDA Jan 16 '26 $200 Call,7.10,0.10,1.4,-1,6.00,-10,-110,-18,-710.00
CASH,,,,,,,,,5000.00
TOTAL,,,,,,-511.6,12326,80,27326.00

Generated at Nov 18 2025 04:48 PM ET
""",
    "vanguard": """\
Account Number,Investment Name,Symbol,Shares,Share Price,Total Value,
12345678,NVIDIA CORP,NVDA,100,181.36,18136,
12345678,VANGUARD TOTAL STOCK MARKET INDEX FUND ADMIRAL,VTSAX,10.5,150,1575,
12345678,VANGUARD FEDERAL MONEY MARKET FUND,VMFXX,4000,1,4000,
12345678,MICROSOFT CORP,MSFT,10,490,4900,


Account Number,Trade Date,Settlement Date,Transaction Type,Transaction Description,Investment Name,Symbol,Shares,Share Price,Principal Amount,Commission Fees,Net Amount,Accrued Interest,Account Type,
12345678,2025-11-17,2025-11-18,Buy,Buy,NVIDIA CORP,NVDA,10,180,-1800,0,-1800,0,CASH,
12345678,2025-11-16,2025-11-18,Sell,Sell,MICROSOFT CORP,MSFT,-10,480,4800,0,4800,0,CASH,
""",
    "merrill": """\
"Exported on: 11/18/2025 04:48 PM ET"
""
"Account","Symbol","Description","Quantity","Price","Value","Day's Change $","Unrealized Gain/Loss $"
"CMA-Edge 1AB-12345","NVDA","NVIDIA CORP","100","$181.36","$18,136.00","($524.00)","$9,136.00"
"CMA-Edge 1AB-12345","MSFT","MICROSOFT CORP","10","$490.00","$4,900.00","$12.40","$3,300.00"
"CMA-Edge 1AB-12345","","Money accounts","","","$3,250.00","",""
"CMA-Edge 1AB-12345","","Cash balance","","","$12.00","",""
"CMA-Edge 1AB-12345","","Pending activity","","","($100.00)","",""
"Total","","","","","$26,198.00","",""
""",
    "thinkorswim": """\
Position Statement for D-12345678 (margin) on 11/18/25 16:48:00

None
Instrument,Qty,Days,Trade Price,Mark,Mrk Chng,Delta,Theta,P/L Open,P/L Day,BP Effect
Shares,,,,,,,,,,
NVDA,+100,,90.00,181.36,-5.24,100.00,0,"$9,136.00",($524.00),"($9,068.00)"
NVDA 100 (Weeklys) 16 JAN 26 200 CALL,-1,59,6.00,7.10,+.10,-35.20,5.1,($110.00),($10.00),$0.00
MSFT,+10,,160.00,490.00,+1.24,10.00,0,"$3,300.00",$12.40,"($2,450.00)"

Cash & Sweep Vehicle,"$5,000.00"
OVERALL P/L YTD,"$12,000.00"
BP ADJUSTMENT,$0.00
OVERNIGHT FUTURES BP,"$5,000.00"
AVAILABLE DOLLARS,"$5,000.00"
""",
    "thinkorswim by underlying": """\
Position Statement for D-12345678 (margin) on 11/18/25 16:48:00

None
Instrument,Qty,Days,Trade Price,Mark,Mrk Chng,P/L Open,P/L Day,BP Effect
NVDA,,,,,,"$9,136.00",($524.00),"($9,068.00)"
NVIDIA CORP COM,+100,,90.00,181.36,-5.24,"$9,136.00",($524.00),
100 (Weeklys) 16 JAN 26 200 CALL,-1,59,6.00,7.10,+.10,($110.00),($10.00),$0.00
MSFT,,,,,,"$3,300.00",$12.40,"($2,450.00)"
MICROSOFT CORP COM,+10,,160.00,490.00,+1.24,"$3,300.00",$12.40,

Cash & Sweep Vehicle,"$5,000.00"
OVERALL P/L YTD,"$12,000.00"
AVAILABLE DOLLARS,"$5,000.00"
""",
    "portfolio performance": """\
Bestand;Name;Symbol;Kurs;Marktwert;Anteil in %;Notiz;ISIN
100;NVIDIA Corp;NVDA;USD 181,36;15.634,48;58,20;;US67066G1040
10;SAP SE;SAP.DE;210,00;2.100,00;7,82;;DE0007164600
4;Berkshire Hathaway;BRK-B;USD 500,00;1.724,14;6,42;;US0846707026
;Konto;;;7.404,00;27,56;;
""",
    "interactive brokers flex": """\
"ClientAccountID","AccountAlias","Model","CurrencyPrimary","FXRateToBase","AssetClass","SubCategory","Symbol","Description","Conid","SecurityID","SecurityIDType","CUSIP","ISIN","FIGI","ListingExchange","UnderlyingConid","UnderlyingSymbol","Multiplier","Strike","Expiry","Put/Call","ReportDate","Quantity","MarkPrice","PositionValue","PositionValueInBase","OpenPrice","CostBasisPrice","CostBasisMoney","PercentOfNAV","FifoPnlUnrealized","Side","LevelOfDetail","Delta"
"U1","","","USD","1","STK","COMMON","NVDA","NVIDIA CORP","1","","","67066G104","US67066G1040","","NASDAQ","","","1","","","","20251118","100","181.36","18136","18136","90","90","9000","58.2","9136","Long","SUMMARY",""
"U1","","","USD","1","OPT","C","NVDA  260116C00200000","NVDA 16JAN26 200 C","2","","","","","","CBOE","1","NVDA","100","200","20260116","C","20251118","-2","7.1","-1420","-1420","6","6","-1200","-4","-220","Short","SUMMARY","0.35"
"U1","","","USD","1","FUT","","ESZ5","ES 19DEC25","3","","","","","","CME","9","ES","50","","20251219","","20251118","1","6700.25","335012.5","335012.5","6600","6600","330000","0","5012.5","Long","SUMMARY",""
"U1","","","EUR","1.16","STK","COMMON","SAP","SAP SE","4","","","","DE0007164600","","IBIS","","","1","","","","20251118","10","210","2100","2436","200","200","2000","7.8","100","Long","SUMMARY",""
"U1","","","USD","1","BOND","Govt","T 4 1/8 01/31/27","T 4 1/8 01/31/27","5","","","91282CGG0","US91282CGG06","","","","","1","","20270131","","20251118","10000","100.2","10020","10020","99","99","9900","9","100","Long","SUMMARY",""
"U1","","","USD","1","STK","ETF","IWV","ISHARES RUSSELL 3000 ETF","6","","","464287689","US4642876894","","ARCA","","","1","","","","20251118","20","375","7500","7500","300","300","6000","20","1500","Long","SUMMARY",""
"U1","","","EUR","1.16","CASH","","EUR","EUR","7","","","","","","","","","1","","","","20251118","1000","1","1000","1160","1","1","1000","3","0","Long","SUMMARY",""
""",
    "interactive brokers activity": """\
Statement,Header,Field Name,Field Value
Statement,Data,BrokerName,Interactive Brokers LLC
Statement,Data,Title,Activity Statement
Statement,Data,Period,"November 1, 2025 - November 18, 2025"
Account Information,Data,Base Currency,USD
Net Asset Value,Header,Asset Class,Prior Total,Current Long,Current Short,Current Total,Change
Net Asset Value,Data,Cash ,5000,5000,0,5000,0
Net Asset Value,Data,Total,30000,31000,0,27512,1
Open Positions,Header,DataDiscriminator,Asset Category,Currency,Symbol,Quantity,Mult,Cost Price,Cost Basis,Close Price,Value,Unrealized P/L,Code
Open Positions,Data,Summary,Stocks,USD,NVDA,100,1,90,9000,181.36,18136,9136,
Open Positions,Data,Lot,Stocks,USD,NVDA,60,,90,5400,181.36,10881.6,5481.6,
Open Positions,Data,Lot,Stocks,USD,NVDA,40,,90,3600,181.36,7254.4,3654.4,
Open Positions,Total,,Stocks,USD,,,,9000,,18136,9136,
Open Positions,Data,Summary,Stocks,EUR,SAP,10,1,200,2000,210,2100,100,
Open Positions,Total,,Stocks,EUR,,,,2000,,2100,100,
Open Positions,Total,,Stocks,USD,,,,11320,,20572,9252,
Open Positions,Header,DataDiscriminator,Asset Category,Currency,Symbol,Quantity,Mult,Cost Price,Cost Basis,Close Price,Value,Unrealized P/L,Code
Open Positions,Data,Summary,Equity and Index Options,USD,NVDA 16JAN26 200 C,-2,100,6,-1200,7.1,-1420,-220,
Open Positions,Total,,Equity and Index Options,USD,,,,-1200,,-1420,-220,
Forex Balances,Header,Asset Category,Currency,Description,Quantity,Cost Price,Cost Basis in USD,Close Price,Value in USD,Unrealized P/L in USD,Code
Forex Balances,Data,Forex,USD,EUR,1000,1.1,-1100,1.16,1160,60,
Cash Report,Header,Currency Summary,Currency,Total,Securities,Futures,Month to Date,Year to Date,
Cash Report,Data,Starting Cash,Base Currency Summary,5000,5000,0,0,0,
Cash Report,Data,Ending Cash,Base Currency Summary,8360,8360,0,0,0,
Cash Report,Data,Ending Cash,EUR,1000,1000,0,0,0,
Cash Report,Data,Ending Cash,USD,7200,7200,0,0,0,
Base Currency Exchange Rate,Header,Currency,Rate
Base Currency Exchange Rate,Data,EUR,1.16
Financial Instrument Information,Header,Asset Category,Symbol,Description,Conid,Security ID,Underlying,Listing Exch,Multiplier,Type,Code
Financial Instrument Information,Data,Stocks,NVDA,NVIDIA CORP,1,US67066G1040,NVDA,NASDAQ,1,COMMON,
""",
    "robinhood": """\
Symbol,Name,Quantity,Average Cost,Last Price,Equity,Type
NVDA,NVIDIA,100,90,181.36,"18,136.00",stock
NVDA 1/16/2026 Call $200.00,NVDA call,-1,6,7.10,-710,option
BTC,Bitcoin,0.01,60000,90000,900,crypto
""",
    "alpaca": """\
asset_id,symbol,exchange,asset_class,asset_marginable,qty,avg_entry_price,side,market_value,cost_basis,unrealized_pl,current_price,lastday_price,change_today,qty_available
1,NVDA,NASDAQ,us_equity,True,100,90,long,18136,9000,9136,181.36,186.6,-0.0281,100
2,TSLA,NASDAQ,us_equity,True,-10,410,short,-4000,-4100,100,400,400,0,-10
3,AAPL,NASDAQ,us_equity,True,5,200,short,1335,1000,335,267,266,0,5
4,BTCUSD,CRYPTO,crypto,False,0.1,60000,long,9000,6000,3000,90000,90000,0,0.1
5,NVDA260116C00200000,OPRA,us_option,False,2,6,long,1420,1200,220,7.1,7,0,2
""",
    "degiro": """\
Product,Symbol/ISIN,Quantity,Closing,Local value,,Value in EUR
CASH & CASH FUND & FTX CASH (EUR),,,,EUR,500.00,500.00
NVIDIA CORP,NVDA | US67066G1040,100,181.36,USD,18136.00,15634.48
SAP SE,SAP | DE0007164600,10,210.00,EUR,2100.00,2100.00
""",
    "saxo": """\
Instrument;Symbol;Bestand;Währung;Kurs;Marktwert;Marktwert (EUR)
NVIDIA Corp.;NVDA:xnas;100;USD;181,36;18.136,00;15.634,48
SAP SE;SAP:xetr;10;EUR;210,00;2.100,00;2.100,00
""",
    "hargreaves lansdown": """\
HL Fund & Share Account,,,,,,
"Spreadsheet created at,18-11-2025 16:48",,,,,,
Code,Stock,Units held,Price (pence),Value (£),Cost (£),Gain/loss (£),Gain/loss (%)
VOD,"Vodafone Group plc","1,000",85.00,850.00,700.00,150.00,21.43
AZN,"AstraZeneca plc",10,"13,500.00","1,350.00","1,000.00",350.00,35.00
,Totals,,,"2,200.00","1,700.00",500.00,
""",
    "boursorama": """\
Valeur;Code ISIN;Mnémo;Quantité;Cours;Valorisation;Poids
NVIDIA;US67066G1040;NVDA;100;181,36;18 136,00;78,7 %
MICROSOFT;US5949181045;MSFT;10;490,00;4 900,00;21,3 %
""",
}

------------------------------ MODULE release ------------------------------
(* The release protocol of Counterseal: one request, its approvals, stops,  *)
(* intents and the one answer. The same model is plain Python in            *)
(* tests/ledger/release_model.py; both must count the same states.          *)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS People, MaxEntries, MaxCrashes

VARIABLES ledger,        \* entries: <<"a", person, version>>, <<"s", 0, 0>>, <<"i", 0, version>>
          durable,       \* how many of them a power cut cannot take
          version,       \* of the content: 0, or 1 once narrowed
          holds,         \* do the law's conditions hold, by version
          sent,          \* the version that left, or none
          acknowledged,  \* has a stop been acknowledged
          crashes,
          broken         \* the property that a sending broke: never any

vars == <<ledger, durable, version, holds, sent, acknowledged, crashes, broken>>

None == 2
Stop == <<"s", 0, 0>>
Has(seq, e) == \E i \in 1..Len(seq) : seq[i] = e
Approvers(seq, v) == { p \in People : Has(seq, <<"a", p, v>>) }
Prefix(n) == SubSeq(ledger, 1, n)

Init == /\ ledger = << >> /\ durable = 0 /\ version = 0
        /\ holds \in { [v \in {0, 1} |-> IF v = 0 THEN TRUE ELSE b] : b \in BOOLEAN }
        /\ sent = None /\ acknowledged = FALSE /\ crashes = 0 /\ broken = FALSE

Append1(e) == /\ Len(ledger) < MaxEntries
              /\ ledger' = Append(ledger, e)
              /\ UNCHANGED <<durable, version, holds, sent, acknowledged, crashes, broken>>

Approve(p) == Append1(<<"a", p, version>>)
StopIt == Append1(Stop)

\* In one transaction: no stop, the conditions, two different people, the intent.
Intend == /\ ~Has(ledger, Stop) /\ holds[version]
          /\ Cardinality(Approvers(ledger, version)) >= 2
          /\ Append1(<<"i", 0, version>>)

Narrow == /\ version = 0 /\ version' = 1
          /\ UNCHANGED <<ledger, durable, holds, sent, acknowledged, crashes, broken>>

Sync == /\ durable < Len(ledger) /\ durable' = Len(ledger)
        /\ UNCHANGED <<ledger, version, holds, sent, acknowledged, crashes, broken>>

\* A stop is acknowledged only when it is durable.
Acknowledge == /\ ~acknowledged /\ Has(Prefix(durable), Stop) /\ acknowledged' = TRUE
               /\ UNCHANGED <<ledger, durable, version, holds, sent, crashes, broken>>

\* The sealer looks for a stop in the step that lets the answer go.
Send(i) == /\ sent = None /\ i <= durable /\ ledger[i][1] = "i" /\ ~Has(ledger, Stop)
           /\ sent' = ledger[i][3]
           /\ broken' = \/ acknowledged
                        \/ i > durable
                        \/ ~holds[ledger[i][3]]
                        \/ Cardinality(Approvers(Prefix(i - 1), ledger[i][3])) < 2
           /\ UNCHANGED <<ledger, durable, version, holds, acknowledged, crashes>>

Crash == /\ crashes < MaxCrashes /\ crashes' = crashes + 1 /\ ledger' = Prefix(durable)
         /\ UNCHANGED <<durable, version, holds, sent, acknowledged, broken>>

Next == \/ \E p \in People : Approve(p)
        \/ StopIt \/ Intend \/ Narrow \/ Sync \/ Acknowledge \/ Crash
        \/ \E i \in 1..Len(ledger) : Send(i)

Spec == Init /\ [][Next]_vars
Safe == ~broken
=============================================================================

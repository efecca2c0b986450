------------------------------ MODULE release ------------------------------
(* The release protocol of Counterseal: one request, its approvals, stops,  *)
(* intents and the one answer. The same model is plain Python in            *)
(* tests/ledger/release_model.py; both must count the same states.          *)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS People, MaxEntries, MaxCrashes

VARIABLES ledger,        \* entries: <<"a", person, version>>, <<"s", 0, 0>>, <<"i", 0, version>>,
                         \* <<"r", 3, 0>>: the third person's role changed
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
Prefix(n) == SubSeq(ledger, 1, n)

\* Person 1 is a specialist, 2 a releasing official; 3 is one and then the other.
Mover == 3
Change == <<"r", Mover, 0>>
Specialist == 1
Releasing == 2
Changes(seq) == { i \in 1..Len(seq) : seq[i] = Change }
RoleOf(p, seq) == IF p # Mover THEN p
                  ELSE IF Cardinality(Changes(seq)) % 2 = 1 THEN Releasing ELSE Specialist
\* The roles in which v is approved, by people who have had that role ever since.
ApprovedAs(seq, v) ==
  { RoleOf(seq[i][2], SubSeq(seq, 1, i - 1)) :
      i \in { k \in 1..Len(seq) : /\ seq[k][1] = "a" /\ seq[k][3] = v
                                 /\ \/ seq[k][2] # Mover
                                    \/ \A c \in Changes(seq) : c < k } }
Both == {Specialist, Releasing}

Init == /\ ledger = << >> /\ durable = 0 /\ version = 0
        /\ holds \in { [v \in {0, 1} |-> IF v = 0 THEN TRUE ELSE b] : b \in BOOLEAN }
        /\ sent = None /\ acknowledged = FALSE /\ crashes = 0 /\ broken = FALSE

Append1(e) == /\ Len(ledger) < MaxEntries
              /\ ledger' = Append(ledger, e)
              /\ UNCHANGED <<durable, version, holds, sent, acknowledged, crashes, broken>>

Approve(p) == Append1(<<"a", p, version>>)
StopIt == Append1(Stop)
ChangeRole == Append1(Change)

\* In one transaction: no stop, the conditions, an approval in each role that stands, the intent.
Intend == /\ ~Has(ledger, Stop) /\ holds[version]
          /\ ApprovedAs(ledger, version) = Both
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
                        \/ ApprovedAs(Prefix(i - 1), ledger[i][3]) # Both
           /\ UNCHANGED <<ledger, durable, version, holds, acknowledged, crashes>>

Crash == /\ crashes < MaxCrashes /\ crashes' = crashes + 1 /\ ledger' = Prefix(durable)
         /\ UNCHANGED <<durable, version, holds, sent, acknowledged, broken>>

Next == \/ \E p \in People : Approve(p)
        \/ StopIt \/ ChangeRole \/ Intend \/ Narrow \/ Sync \/ Acknowledge \/ Crash
        \/ \E i \in 1..Len(ledger) : Send(i)

Spec == Init /\ [][Next]_vars
Safe == ~broken
=============================================================================

"""A word or two that turn the sense of a sentence, though nearly all of its words stand in the evidence."""

from __future__ import annotations

import pytest

from portfolio_rag.answering.grounding.check import check
from portfolio_rag.answering.grounding.drafted_answer import parse_draft
from portfolio_rag.answering.grounding.evidence import SourceText
from portfolio_rag.domain.answers import Verdict
from portfolio_rag.domain.chunks import BlockKind, ChunkPart

CASES = [
    ("The vault is kept at -30 degrees.", "The vault is kept at -30 °.", "The vault is kept at 30 degrees."),
    ("Returns are taken within a week.", "Returns are taken within one week.", "Returns are taken within two weeks."),
    ("The lamp lasts at least one year.", "The lamp lasts at least a year.", "The lamp lasts at least a month."),
    ("Parking costs 12 euros a day.", "Parking costs 12 euros per day.", "Parking costs 12 euros a week."),
    ("Keys are cut within two days.", "Keys are cut within 2 days.", "Keys are cut within two days for free."),
    ("The old bridge is safe for lorries.", "The bridge is safe for lorries.", "The old bridge is unsafe for lorries."),
    ("The gate barely opens in frost.", "In frost the gate barely opens.", "The gate opens in frost."),
    ("Guests must sign the register.", "Guests have to sign the register.", "Guests may sign the register."),
    ("Guests may use the pool.", "Guests can use the pool.", "Guests must use the pool."),
    ("Brandt leased the mill to Okoro.", "Brandt leased the mill to Okoro.", "Okoro leased the mill to Brandt."),
    ("Brandt sold the mill to Okoro.", "Okoro bought the mill from Brandt.", "Okoro sold the mill to Brandt."),
    ("Brandt advises Okoro on taxes.", "Okoro is advised on taxes by Brandt.", "Okoro advises Brandt on taxes."),
    ("The tenant paints. The owner mends the roof.", "The owner mends the roof.", "The tenant mends the roof."),
    ("Mr. Ode sows beans. Ms. Roe weeds the plot.", "Mr. Ode sows beans.", "Ms. Roe sows beans."),
    ("Mr. Brandt gets two offers by the end of May. Ms. Lund checks the pipes.",
     "Ms. Lund checks the pipes.", "Ms. Lund gets two offers by the end of May."),
    ("Mr. Brandt keeps the lists. Ms. Lund plans the tours.", "Ms. Lund plans the tours.",
     "Mr. Brandt plans the tours."),
    ("In May Ms. Lund plans the tours. In June Mr. Brandt plans the tours. Ms. Roe keeps the lists.",
     "Ms. Lund plans the tours.", "Ms. Roe plans the tours."),
    ("Ms. Lund is the warden. The warden plans the tours. Mr. Brandt keeps the lists.",
     "Ms. Lund plans the tours.", "Mr. Brandt plans the tours."),
    ("The lift carries at most 600 kg.", "The lift carries up to 600 kg.", "The lift carries more than 600 kg."),
    ("The course ends in June.", "The course ends in June.", "The course ends in July."),
    ("A tray holds twelve cups.", "A tray holds 12 cups.", "A tray holds 20 cups."),
    ("Hang the keys over the desk, not behind it.", "The keys hang over the desk.", "The keys hang behind the desk."),
    ("Bills are sent as PDF and no longer as paper.", "Bills are sent as PDF.", "Bills are sent as paper."),
    ("The hall opens on weekdays.", "The hall opens on weekdays.", "The hall opens on weekends."),
    ("The cart holds 70 sacks.", "The cart holds 70 sacks.", "The cart holds more than 70 sacks."),
    ("Members may borrow tools.", "Members may borrow tools.", "Members may borrow tools if they leave a pledge."),
    ("Lamps are lent for a week.", "Lamps are lent for a week.", "Lamps are lent for a week with the mayor's consent."),
    ("Snow chains are not included.", "Snow chains are not included.", "The rental includes snow chains."),
    ("Visitors must not feed the owls.", "Visitors must not feed the owls.", "feed the owls."),
    ("Der Hof nimmt keine Katzen auf.", "Der Hof nimmt keine Katzen auf.", "Der Hof nimmt Katzen auf."),
    ("Le parc ne vend pas de glaces.", "Le parc ne vend pas de glaces.", "Le parc vend de glaces."),
    ("No se puede fumar en la sala azul.", "No se puede fumar en la sala azul.", "Se puede fumar en la sala azul."),
    (
        "The upper lock is tended by Ravn. The lower lock is tended by Holt.",
        "Ravn tends the upper lock.",
        "The upper lock is tended by Holt.",
    ),
    ("The Board of Old Mills (BOM) meets at ten.", "The BOM meets at ten.", "The BOM meets at noon."),
    ("The baths are open until 7 p.m.", "The baths close at 7 p.m.", "The baths are open from 7 p.m."),
    ("Returns arrive no later than 3 days before the fair.", "Returns arrive at least 3 days before the fair.",
     "Returns arrive at most 3 days before the fair."),
    ("No rower may carry more than two oars.",
     "A rower may carry at most two oars.", "A rower may carry more than two oars."),
    ("Parcels over 9 kg are insured.", "Parcels above 9 kg are insured.", "Parcels under 9 kg are insured."),
    ("Rents rise by 3 percent.", "Rents go up by 3 percent.", "Rents rise to 3 percent."),
    ("At least one rower swims.", "At least one rower swims.", "At most one rower swims."),
    ("Höchstens vier Boote dürfen anlegen.",
     "Bis zu vier Boote dürfen anlegen.", "Mindestens vier Boote dürfen anlegen."),
    ("Das Tor ist bis 19 Uhr offen.", "Bis 19 Uhr ist das Tor offen.", "Das Tor ist ab 19 Uhr offen."),
    ("Le pont supporte au plus 8 tonnes.",
     "Le pont supporte 8 tonnes au maximum.", "Le pont supporte au moins 8 tonnes."),
    ("Caben como máximo 9 barcas.", "Caben 9 barcas como máximo.", "Caben al menos 9 barcas."),
    ("Der Pächter muss den Steg streichen.",
     "Der Pächter muss den Steg streichen.", "Der Pächter darf den Steg streichen."),
    ("Le gardien doit fermer la porte.", "Le gardien doit fermer la porte.", "Le gardien peut fermer la porte."),
    ("El guarda debe cerrar el puente.", "El guarda debe cerrar el puente.", "El guarda puede cerrar el puente."),
    ("Most huts have a stove by the door.", "Most of the huts have a stove by the door.",
     "All huts have a stove by the door."),
    ("Only wardens may ring the bell.", "Only wardens may ring the bell.", "All guests may ring the bell."),
    ("Quelques barques ont une voile.",
     "Quelques barques ont une voile.", "Toutes les barques ont une voile."),
    ("The track leads from Holm to Skerry.",
     "From Holm the track leads to Skerry.", "The track leads from Skerry to Holm."),
    ("The siren sounds before the lock is filled.", "The lock is filled after the siren has sounded.",
     "The siren sounds after the lock is filled."),
    ("Das Boot wird mit Segel verliehen.", "Das Boot wird mit Segel verliehen.", "Das Boot wird ohne Segel verliehen."),
    ("Dogs must not board without a lead.", "Dogs may board only with a lead.", "Dogs may board without a lead."),
    ("Model 4.2 follows model 4.1.", "Model 4.2 follows model 4.1.", "Model 4.1 follows model 4.2."),
    ("The steward weighs the trunk of every guest.", "The trunk of every guest is weighed by the steward.",
     "Every guest weighs the trunk of the steward."),
    ("Each pilot guides six barges.", "Six barges are guided by each pilot.", "Each barge guides six pilots."),
    ("Le bailleur avertit le locataire du contrôle.", "Le locataire est averti du contrôle par le bailleur.",
     "Le locataire avertit le bailleur du contrôle."),
    ("El patrón paga al grumete cada mes.",
     "El patrón paga al grumete cada mes.", "El grumete paga al patrón cada mes."),
    ("Das Schleusentor wird alle drei Wochen geölt.", "Alle drei Wochen wird das Schleusentor geölt.",
     "Das Schleusentor wird alle drei Tage geölt."),
    ("Oil the hinge of the gate monthly. Do not paint it.", "The hinge of the gate must not be painted.",
     "The hinge of the gate may be painted."),
    ("The fee does not include ropes.", "Ropes are not included in the fee.", "The fee includes ropes."),
    ("Das Büro öffnet um 9 Uhr.", "Um 9 Uhr öffnet das Büro.", "Das Büro schließt um 9 Uhr."),
    ("La caisse ouvre à 9 heures.", "La caisse ouvre à 9 heures.", "La caisse ferme à 9 heures."),
    ("The ferry costs 4.50 € for an adult.", "The ferry costs 4.50 €.", "The ferry costs 4.50 € a night."),
    ("Dogs are allowed on the jetty only on a leash.", "Dogs must be on a leash on the jetty.",
     "Dogs may run freely on the jetty without a leash."),
    ("The slide is open to everyone except toddlers.", "The slide is open to all but toddlers.",
     "The slide is open to everyone, also to toddlers."),
    ("Rowers cannot start without a whistle.", "Rowers need a whistle to start.",
     "Rowers can start without a whistle."),
    ("The mooring fee includes water. Fuel is sold by the litre.", "The mooring fee includes water.",
     "The mooring fee includes fuel."),
    ("The kiosk pays the tax; the tenant pays the fee.", "The tenant pays the fee.", "The tenant pays the tax."),
    ("Wardens forward the list to the harbour office.", "Wardens forward the list to the harbour office.",
     "The harbour office forwards the list to wardens."),
    ("A badge is needed from the second visit on.", "From the second visit a badge is needed.",
     "A badge is needed until the second visit."),
    ("Oars should be rinsed after use.", "Oars should be rinsed after use.", "Oars must be rinsed after use."),
    ("Die Ruder sollten gespült werden.", "Die Ruder sollten gespült werden.", "Die Ruder müssen gespült werden."),
    ("A tour takes between 3 and 7 hours.", "A tour takes at least 3 hours.", "A tour takes at most 3 hours."),
    ("Une visite dure entre 3 et 7 heures.", "Une visite dure au plus 7 heures.", "Une visite dure au moins 7 heures."),
    ("The gate code is now 4481 instead of 4418.", "The gate code is 4481; before, it was 4418.",
     "The gate code is 4418."),
    ("The hull is insured for nine years. Oars are old. Sails are grey. Masts are tall. A dock is in Malta.",
     "The hull is insured for nine years.", "The hull is insured for nine years and only in Malta."),
    ("Canoes need a permit, except hired ones.", "Hired canoes do not need a permit.", "Hired canoes need a permit."),
    ("Whoever pays within a week gets a cap.", "Who pays within a week gets a cap.",
     "Whoever pays within a month gets a cap."),
    ("A lock can be changed only by its keeper.", "Only its keeper can change a lock.", "Anyone can change a lock."),
    ("Wardens approve wishes within nine days. Rowers row.", "Wardens approve wishes within nine days.",
     "Rowers approve wishes of wardens within nine days."),
    ("Ohne Marke wird kein Boot ausgegeben.", "Boote werden nur mit Marke ausgegeben.",
     "Boote werden auch ohne Marke ausgegeben."),
    ("Fault: K-31 | Cause: jam | Restart: yes", "After fault K-31 a restart is due.",
     "After fault K-31 no restart is due."),
    ("Boot: Otter | Tagespreis: 18 Euro", "Das Boot Otter kostet 18 Euro am Tag.",
     "Das Boot Otter kostet 18 Euro im Monat."),
    ("Bootsfahrten sind lang. Ab einer Fahrt von 9 Stunden darf die Kabine gebucht werden.",
     "Bei Bootsfahrten von 9 Stunden darf die Kabine gebucht werden.",
     "Ab einer Fahrt von 9 Stunden muss die Kabine gebucht werden."),
    ("Anglers under 16 may fish with a parent.", "With a parent, anglers under 16 may fish.",
     "Anglers over 16 may fish with a parent."),
    ("- 3 tablespoons tar\n- ½ teaspoon wax", "It takes 3 tablespoons of tar.", "It takes 3 teaspoons of tar."),
    ("Prams may ride on lifts 3 and 8 only.", "Prams may ride on lifts 3 and 8.", "Prams may ride on all lifts."),
    ("All lifts of the quay are for staff only.", "All lifts of the quay are for staff.",
     "Some lifts of the quay are for staff."),
    ("Ada buys the ropes from Brandt; Bo buys the oars from Lund.", "Bo buys the oars from Lund.",
     "Bo buys the oars from Brandt."),
    ("Ada buys the ropes from Brandt; Bo buys the oars from Lund.", "Ada buys the ropes from Brandt, and Bo the oars.",
     "Ada buys the oars from Brandt."),
    ("Mrs. Lund oils the weir; Mr. Brandt paints the gate.", "Mr. Brandt paints the gate.",
     "Mr. Brandt oils the weir."),
    ("Bo asked the board for a second punt. The board rejected the wish.", "Bo asked the board for a second punt.",
     "The board approved a second punt for Bo."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "true", "false"), CASES)
def test_what_turns_the_sense_is_seen_and_what_only_rephrases_is_not(text: str, true: str, false: str) -> None:
    sources = [SourceText.build(1, text, "house.md")]
    for draft, held in ((true, True), (false, False)):
        (result,) = check("What holds here?", parse_draft(f"{draft} [1]"), sources)
        assert (result.verdict is Verdict.SUPPORTED) is held, (draft, result.reason)
        assert bool(result.reason) is not held


@pytest.mark.parametrize(
    ("draft", "held"),
    [
        ("The hostel does not take dogs.", True),
        ("The hostel takes dogs.", False),
        ("Yes, the hostel takes dogs.", False),
    ],
)
def test_a_claim_says_yes_or_no_as_the_answer_under_its_question_does(draft: str, held: bool) -> None:
    text = "Do you take dogs?\n\nNo. Guests bring them to the kennel beside the hostel."
    parts = [
        ChunkPart(0, heading_path=("Do you take dogs?",), kind=BlockKind.HEADING),
        ChunkPart(text.index("No."), heading_path=("Do you take dogs?",), kind=BlockKind.PARAGRAPH),
    ]
    (result,) = check(
        "Does the hostel take dogs?", parse_draft(f"{draft} [1]"), [SourceText.build(1, text, "hostel.md", parts)]
    )
    assert (result.verdict is Verdict.SUPPORTED) is held, result.reason


def test_a_question_is_no_evidence() -> None:
    source = SourceText.build(1, "Does the pool close in winter? Ask at the desk.", "pool.md")
    (result,) = check("When is the pool closed?", parse_draft("The pool closes in winter. [1]"), [source])
    assert not result.verdict.shown


@pytest.mark.parametrize(("draft", "held"), [("Yes.", True), ("No.", False), ("2 weeks.", False)])
def test_a_bare_answer_holds_where_it_stands_under_the_question(draft: str, held: bool) -> None:
    questions = {
        "Is the sauna heated on Sundays?": "Yes.",
        "Do you lend towels?": "No.",
        "How long is a pass valid?": "9 weeks.",
    }
    text = "\n\n".join(f"{question}\n\n{answer}" for question, answer in questions.items())
    parts = [
        ChunkPart(text.index(piece, text.index(question)), (question,), kind=kind)
        for question, answer in questions.items()
        for piece, kind in ((question, BlockKind.HEADING), (answer, BlockKind.PARAGRAPH))
    ]
    asked = "How long is a pass valid?" if "weeks" in draft else "Is the sauna heated on Sundays?"
    (result,) = check(asked, parse_draft(f"{draft} [1]"), [SourceText.build(1, text, "sauna.md", parts)])
    assert (result.verdict is Verdict.SUPPORTED) is held, result.reason


@pytest.mark.parametrize(
    ("draft", "held"),
    [
        ("The gate beeps twice when the badge has expired.", True),
        ("The gate beeps twice when the battery runs low.", False),
    ],
)
def test_what_holds_on_another_condition_is_not_said(draft: str, held: bool) -> None:
    source = SourceText.build(1, "The gate beeps twice when the badge has expired.", "gate.md")
    (result,) = check("What does the gate do when the battery runs low?", parse_draft(f"{draft} [1]"), [source])
    assert (result.verdict is Verdict.SUPPORTED) is held, result.reason


def test_present_and_absent_in_lines_with_labels_are_told_apart() -> None:
    text = "Present: Ada Lund, Bo Ferrant\nApologies: Cyd Okonkwo"
    sources = [SourceText.build(1, text, "minutes.md", [ChunkPart(0, ("Meeting of the weir board",))])]
    for draft, held in (("Bo Ferrant was present.", True), ("Cyd Okonkwo was present.", False)):
        (result,) = check("Who was at the meeting of the weir board?", parse_draft(f"{draft} [1]"), sources)
        assert (result.verdict is Verdict.SUPPORTED) is held, result.reason

package scan

import (
	"strings"
	"sync"
)

// phrase is what a row of words in a column's name means.
type phrase struct {
	words []string
	kind  string // of kinds
	// weak: may mean it. context: and only in a table that speaks of people, or after a word that does.
	weak, context bool
}

// meanings are the phrases by the kind they mean, which is one of kinds. Before the colon stands how surely: means, maybe, and
// among, which is maybe, but only among people. The words are those that canonical has made of a name. A line that begins with
// a blank goes on with the one before.
const meanings = `
given means: first name, given name, fore name, christian name, preferred name, fname, firstname, forename, vorname, prenom, middle name,
   middle initial, mname, nick name, nickname
given maybe: given, nick
given among: middle
family means: last name, family name, lname, surname, sur name, maiden name, maiden, nachname, familienname, apellido, apellidos, cognome
full means: full name, fullname, legal name, card holder, cardholder, account holder, next of kin, policy holder
full maybe: display name, nombre, attention, signed by, author, sales person, salesperson, sales rep
full among: signature, name
login means: user name, username, login name, screen name, login, user handle, twitter, linkedin, facebook, instagram, skype
login maybe: created by, updated by, modified by, approved by, entered by, assigned to
login among: handle
email means: email, mail address, correo, courriel, reply to
email maybe: mail, contact, contact info
phone means: phone, mobile, cell number, msisdn, fax, landline, telephone, telefon, telefono, whatsapp, pager
phone maybe: handy, contact number, emergency contact
phone among: cell, sms
street means: address, street, strasse, direccion, adresse, anschrift, domicilio, house number, apartment, po box, address line, street name
street among: line
postal means: postal code, post code, postcode, zip, zip code, zipcode, postal, plz, codigo postal
city means: birth place, birthplace, place of birth
city among: city, town, locality, ort, ville, city name, town name
state among: state name, county name, state, province, county
latlong among: latitude, longitude, lat, lon, lng, long, geo
birth means: dob, birth date, birthdate, date of birth, birthday, birth day, birth, bday, born, born on, geburtsdatum, fecha nacimiento,
   naissance, date of death
age means: yob, birth year, year of birth
age maybe: age years
age among: age
ssn means: ssn, social security, social security number
sin means: sin, social insurance
natid means: nino, national insurance, tax id, tax number, tin, itin, passport, license number, driver license, drivers license,
   driving license, dl number, aadhaar, aadhar, pan number, curp, nif, dni, personnummer, steuernummer, fiscal code, codice fiscale,
   national id, national number, gov id, government id, visa number, identity number, id card, voter id
natid maybe: pan, nie, vat id
natid among: driver, national, rfc
nhs means: nhs
cpf means: cpf
bsn means: bsn
pesel means: pesel
card means: card number, credit card, debit card, creditcard, cc number, cardnumber, ccnum, primary account number
card maybe: card
iban means: iban
bic means: bic, swift, swift code
routing means: routing number, routing, aba, sort code, blz
routing maybe: bank code
account means: bank account, account number, kontonummer, crypto wallet, wallet address
account among: account, bank
cvv means: cvv, cvc, cvv2, security code, card pin
ip means: ip, ip address, ipv, ipaddress, remote addr, remote address
ip maybe: client host
mac means: mac, mac address
deviceid means: imei, imsi, iccid, device id, advertising id, idfa, gaid, device fingerprint, vin, license plate, number plate
deviceid maybe: fingerprint
useragent means: user agent, useragent
cookie means: cookie, cookie id, visitor id, anonymous id
cookie maybe: session, session id
password means: password, password hash, passphrase, hashed password, security answer, pin hash, password salt
password maybe: security question, pin code
password among: pin, salt
key means: secret, token, api key, apikey, private key, access key, secret key, client secret, otp, credential, credentials
record means: mrn, medical record, patient number, insurance number, insurance id, medicare, medicaid
npi means: npi, npi number
health means: diagnosis, icd, disease, allergy, allergies, medication, blood type, blood group, disability, pregnancy, symptoms, hiv,
   smoker, bmi
health maybe: prescription
sensitive means: gender, sex, ethnicity, ethnic origin, religion, marital, nationality, citizenship, sexual orientation, union member,
   criminal record, pronouns
sensitive maybe: political party
sensitive among: race
salary means: salary, wage, wages, annual income, net worth, credit score
salary among: income, compensation, bonus
text maybe: note, notes, comment, comments, message, body, remarks, feedback, memo, bio, biography, transcript, complaint, free text,
   narrative, review, about, resume, chat
text among: description, instructions, answer, details
`

// phrases are read from meanings when they are first needed.
var phrases = sync.OnceValue(func() []phrase {
	var all []phrase
	var kind, how string
	for line := range strings.Lines(strings.TrimSpace(meanings)) {
		if line[0] != ' ' {
			head, rest, _ := strings.Cut(line, ":")
			kind, how, _ = strings.Cut(head, " ")
			line = rest
		}
		for text := range strings.SplitSeq(line, ",") {
			if w := strings.Fields(text); len(w) > 0 {
				all = append(all, phrase{words: w, kind: kind, weak: how != "means", context: how == "among"})
			}
		}
	}
	return all
})

// spellings are words by the one that the rules know for them.
const spellings = `
account: acc acct acnt; address: addr addresses addrs addy adr; apartment: apt; birth: brth; birthdate: birthdt; card: cards crd; code: cd;
comment: cmt; contact: contacts; credentials: creds; customer: cust customers; date: dt; description: desc descr; device: dev; diagnosis: diag dx;
email: emails eml; employee: emp employees; first: frst fst; gender: genero geschlecht sexe sexo; house: hse; last: lst; license: lic licence;
line: ln; member: members; message: msg; middle: mid; mobile: mob; name: names nm nme; number: nbr no nr num numbers; passenger: pax;
password: pass passwd passwords pswd pwd; patient: patients; person: people persons; phone: cellphone fone ph phn phones tel; postal: pstl;
salary: sal; session: sess; street: st str; surname: sname; token: tokens; user: users usr; userid: uid
`

// canonical is one word for several that mean the same.
var canonical = sync.OnceValue(func() map[string]string {
	one := make(map[string]string)
	for entry := range strings.SplitSeq(spellings, ";") {
		word, others, _ := strings.Cut(entry, ":")
		for other := range strings.FieldsSeq(others) {
			one[other] = strings.TrimSpace(word)
		}
	}
	return one
})

// people are words for persons: in the name of a table they make weak names count, before "name" they make it a person's.
var people = words(`customer client patient contact user member person employee staff guest passenger subscriber student teacher driver buyer seller
	recipient sender owner manager doctor physician nurse author spouse beneficiary applicant candidate lead prospect resident tenant donor visitor
	billing shipping profile caller crew pilot worker agent player participant attendee voter insured policyholder holder cardholder contractor
	signer father mother parent child guardian emergency borrower citizen kunde kunden mitarbeiter cliente clientes pacientes identity consumer
	shopper supervisor approver requester reviewer assignee respondent household account persona personal hr payroll crm individual ship bill approved`)

// whose are words before what somebody has more than one of. They say nothing else.
var whose = words(`home work mailing current primary secondary permanent previous alternate private residential`)

// things are words for what is not a person: before "name", and in the names of tables, they say that nobody is meant.
var things = words(`product file host table event category brand column schema database queue job task process campaign channel model plan project
	team role group region country store venue airport airline hotel company field page service metric tag color colour package template index
	bucket app application server class course holiday month day weekday status type currency unit item sku part vendor supplier warehouse branch
	department dept division segment organization organisation org business sensor station aircraft plane carrier route movie film show song
	album genre feature function module node cluster instance resource topic stream version build release partition volume disk
	domain site section position title step stage rule policy report dashboard query view source target system environment config setting key
	variable parameter param attribute property label level tier grade size shape material season style collection catalog menu recipe dish ingredient
	fund stock ticker exchange asset contract tariff promo promotion coupon discount offer ad advert creative keyword landing
	calendar fiscal period quarter language locale timezone zone area district stadium theater theatre room floor building facility plant
	factory machine tool equipment cargo port vessel flight school university drug gene species animal breed weather log audit etl batch schedule
	subsidiary manufacturer publisher platform browser os operating theme font icon image video document doc folder path league race track
	inventory dim dates geography geo merchant list location clan guild claim order payment invoice ticket shipment subscription request case connection franchise hospital clinic ward pharmacy office depot lot tower restaurant shop outlet`)

// aside are words that turn a name into something that is said of the thing, at the end of a name.
var aside = words(`count cnt flag at ts time timestamp type status format len length version template verified valid confirmed bounced sent opened clicked
	optin opt optout consent preference preferences enabled disabled required present score rate ratio pct percent percentage total avg sum ind indicator
	changed updated created expires expiry expiration expired attempts retries interval policy provider domain carrier category source quality
	changes id ids key seq order rank label class channel campaign subject index size method mode level region strength rotation reset locale language lang hash hashed md5 sha checksum
	bounce openrate frequency limit days hours minutes seconds weight color bytes kb match matches kind scheme brand network issuer tld events event used lock locked failures entries`)

// ahead are words that do the same at the beginning.
var ahead = words(`is has was can should did needs allow allows requires total count avg max min sum pct percent number num enable enabled disable`)

// harmless are whole names that look like something and are not.
var harmless = words(`tax_id_type mailing_list mailing_list_id mac_os age_group age_range mobile_app cell_count state_code_iso session_count phone_model phone_brand mobile_os card_type card_brand
	gender_neutral line_number line_item line_no line_total address_type email_type phone_type street_view race_number token_count`)

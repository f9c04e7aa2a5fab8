/** Answers for switch rules that are JavaScript functions of a plugin. */
import { answerRules } from "../flow/rules/answer.ts";

await answerRules();

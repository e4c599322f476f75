# shellcheck shell=bash
# Completion of universal-ai-tools for bash; a test compares it with what the program takes.

_universal_ai_tools() {
    local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]:-} action=${COMP_WORDS[2]:-}
    local words
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        words="serve ask keys transcribe listen gpu cache models simulate doctor
            --help --version --demo --screenshots"
    else
        case $command in
        serve) words="--help --host --port --settings" ;;
        ask) words="--help --tier --model --system --temperature --max-tokens" ;;
        keys) words="--help" ;;
        transcribe) words="--help --format --model --language --output" ;;
        listen) words="--help --device --seconds --jsonl --language" ;;
        gpu) words="--help --json --watch --demo" ;;
        cache | models) words="--help" ;;
        simulate) words="--help --scenario --seeds --replay --json" ;;
        doctor) words="--help --json" ;;
        esac
        if ((COMP_CWORD == 2)); then
            case $command in
            keys) words+=" list add revoke" ;;
            gpu) words+=" run" ;;
            cache) words+=" stats keys get purge password" ;;
            models) words+=" list fetch verify remove" ;;
            esac
        else
            case "$command $action" in
            "gpu run") words="--help --vram --priority --gpus --name --model --minutes --on-preempt" ;;
            "cache stats") words="--help --json" ;;
            "cache keys") words="--help --text --limit --json" ;;
            "models fetch") words="--help --into" ;;
            esac
        fi
    fi
    # What is no option and no word of ours is a file: bash's own completion takes over.
    [[ $command == transcribe && $current != -* ]] ||
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _universal_ai_tools universal-ai-tools

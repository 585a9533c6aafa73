# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for bulkhead(1)

_bulkhead_names()
{
	bulkhead "${connection[@]}" --no-legend --no-ask-password --json=short "$1" 2>/dev/null |
		grep -o '"name":"[^"]*"' | cut -d'"' -f4
}

_bulkhead_cells()
{
	_bulkhead_names list
}

_bulkhead()
{
	local cur prev words cword split
	_init_completion -s || return

	local common='--host --address --user --json= --no-legend --no-pager --no-ask-password --colour= --quiet
		--version --help'
	local -A options=(
		[enable]='--memory= --reserved=' [disable]='--force' [load]='--image= --at= --elf'
		[start]='--no-load --console --wait' [stop]='--force --timeout=' [restart]='--force --timeout= --wait'
		[destroy]='--force' [console]='--from-start' [log]='--bytes= --follow'
		[events]='--lines= --from= --follow' [stats]='--interval= --once'
		[validate]='--alone --offline --machine= --directory='
		[apply]='--remove= --verify --confirm-within= --restart' [import]='--apply --name= --output='
		[export]='--output=' [machine]='--save=' [run]='--keep --timeout='
	)
	local verbs='status list show machine check health links enable disable create load start stop restart destroy
		autostart console log events stats monitor validate edit apply confirm revert import export run'
	local verb= i connection=()

	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		-H | --host | --address)
			connection+=("${words[i]}" "${words[++i]}")
			;;
		--host=* | --address=* | --user) connection+=("${words[i]}") ;;
		-*) ;;
		*)
			verb=${words[i]}
			break
			;;
		esac
	done

	case $prev in
	-H | --host)
		_known_hosts_real -a -- "$cur"
		return
		;;
	--json)
		COMPREPLY=($(compgen -W 'pretty short off' -- "$cur"))
		return
		;;
	--colour)
		COMPREPLY=($(compgen -W 'auto always never' -- "$cur"))
		return
		;;
	--image | -i | --machine | --save | -s)
		_filedir
		return
		;;
	--directory | --output | -o)
		_filedir -d
		return
		;;
	--remove)
		COMPREPLY=($(compgen -W "$(_bulkhead_cells)" -- "$cur"))
		return
		;;
	esac
	[[ $split == true ]] && return

	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$common ${options[$verb]-}" -- "$cur"))
		[[ ${COMPREPLY-} == *= ]] && compopt -o nospace
		return
	fi
	case $verb in
	'') COMPREPLY=($(compgen -W "$verbs" -- "$cur")) ;;
	show | status | create | load | start | stop | restart | destroy | console | log | events | stats | edit | export)
		COMPREPLY=($(compgen -W "$(_bulkhead_cells)" -- "$cur"))
		;;
	links) COMPREPLY=($(compgen -W "$(_bulkhead_names links)" -- "$cur")) ;;
	autostart)
		if [[ $prev == autostart ]]; then
			COMPREPLY=($(compgen -W "$(_bulkhead_cells)" -- "$cur"))
		else
			COMPREPLY=($(compgen -W 'on off' -- "$cur"))
		fi
		;;
	validate)
		COMPREPLY=($(compgen -W "$(_bulkhead_cells)" -- "$cur"))
		_filedir cell
		;;
	apply | run) _filedir cell ;;
	import) _filedir ;;
	esac
}
complete -F _bulkhead bulkhead
